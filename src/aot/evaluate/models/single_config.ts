/** One config for every shape: the one with the least expected loss. What every other model has to beat. */
import { treePolicy } from './decision_tree.ts'
import { type Backend, overallChoices } from './model.ts'

export const singleConfig: Backend = {
  name: 'single_config',
  summary: 'one config for every shape',
  fit: (lesson, kept) => [treePolicy(lesson, { choice: overallChoices(lesson, kept).best })],
}
