/** What an LFBO search can be told, and what it can be taught. */
import { integer, number } from '../../../support/setting_kinds.ts'
import type { OptionTable } from '../search.ts'
import type { FlatConfig } from '../session/config_generation.ts'

/** Options of the searches by likelihood-free Bayesian optimisation. */
export interface LFBOSearchOptions {
  /** Random configs to start from; a few are measured, the model chooses among the others. */
  readonly initialPopulation: number
  /** Best configs whose neighbours are candidates. */
  readonly copies: number
  /** Generations at most; each measures copies × numNeighbors × fracSelected configs. */
  readonly maxGenerations: number
  /** Share of the time that a generation must save, or it counts as stagnant. */
  readonly minImprovementDelta: number
  /** Share of the neighbours that is measured. */
  readonly fracSelected: number
  /** Neighbours of each of the best configs in a generation. */
  readonly numNeighbors: number
  /** Most steps by which a value of a neighbour differs, and most further values that do. */
  readonly radius: number
  /** Share of the measured configs whose neighbours may be candidates, however many `copies` there are. */
  readonly quantile: number
  /** Stagnant generations that are put up with. */
  readonly patience: number
  /** What a config loses for being like others of its batch, in the eyes of the model. */
  readonly similarityPenalty: number
  /** Most neighbours one step from each of the best that are candidates; -1 takes all. */
  readonly numNeighborsCap: number
  /** Spaces of at most this many configs are measured whole. */
  readonly exhaustiveLimit: number
}

/** A way to make a neighbour of a config; undefined where it comes to nothing. */
export type NeighborMaker = (base: FlatConfig) => FlatConfig | undefined

export const LFBO_OPTIONS: OptionTable<LFBOSearchOptions> = {
  initialPopulation: {
    kind: integer(1),
    quick: 32,
    full: 100,
    doc: 'Configs to start from: a dozen is measured, the model chooses among the others.',
  },
  copies: { kind: integer(1), quick: 2, full: 5, doc: 'Best configs whose neighbours are candidates.' },
  maxGenerations: { kind: integer(0), quick: 8, full: 20, doc: 'Generations at most.' },
  minImprovementDelta: {
    kind: number(0, 1),
    quick: 0.001,
    full: 0.001,
    doc: 'Share of the time that a generation must save, or it is stagnant.',
  },
  fracSelected: {
    kind: number(0, 1),
    quick: 0.1,
    full: 0.1,
    doc: 'Share of the neighbours that is measured; a generation has copies × numNeighbors of them.',
  },
  numNeighbors: {
    kind: integer(1),
    quick: 60,
    full: 300,
    doc: 'Neighbours of each of the best configs in a generation.',
  },
  radius: {
    kind: integer(1),
    quick: 2,
    full: 2,
    doc: 'Most steps by which a value of a neighbour differs, and most further values that do.',
  },
  quantile: {
    kind: number(0, 1),
    quick: 0.1,
    full: 0.1,
    doc: 'Share of the measured configs that counts as good: neighbours are made of no others.',
  },
  patience: { kind: integer(0), quick: 4, full: 1, doc: 'Stagnant generations that are put up with.' },
  similarityPenalty: {
    kind: number(0, 10),
    quick: 1,
    full: 1,
    doc: 'What a config loses for being like others of its batch, in the eyes of the model.',
  },
  numNeighborsCap: {
    kind: integer(-1),
    quick: -1,
    full: -1,
    doc: 'Most neighbours one step from each of the best that are candidates; -1 takes all.',
  },
  exhaustiveLimit: {
    kind: integer(0),
    quick: 100,
    full: 500,
    doc: 'Spaces of at most this many configs are measured whole.',
  },
}
