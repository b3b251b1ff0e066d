/** JSON from outside is read where its depth is limited: what is deeper is no RangeError somewhere later. */
import type { Gate } from './gate.ts'
import { oneHome } from './one_home.ts'

export const outsideJson: Gate = oneHome({
  name: 'outside_json',
  home: 'src/support/json.ts',
  others: {
    'src/autotuner/llm/json_in_text.ts': 'counts brackets first',
    'src/aot/evaluate/report/client/main.ts': 'what stands in its own page',
  },
  visitor: (report) => ({
    MemberExpression: ({ object, property, start }) => {
      const isParse = object.type === 'Identifier' && object.name === 'JSON'
      if (isParse && property.type === 'Identifier' && property.name === 'parse')
        report(start, 'calls JSON.parse; JSON is read')
    },
  }),
})
