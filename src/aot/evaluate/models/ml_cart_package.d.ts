/** The part of the package ml-cart that is used here; it ships no types of its own. */
declare module 'ml-cart' {
  export class DecisionTreeClassifier {
    constructor(options: {
      readonly gainFunction: 'gini'
      readonly maxDepth: number
      readonly minNumSamples: number
      readonly gainThreshold: number
    })
    train(points: readonly (readonly number[])[], labels: readonly number[]): void
    toJSON(): unknown
  }
}
