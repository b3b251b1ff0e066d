/** What Node ends with where the script awaits, outside of functions, what nothing will settle. */
export const UNSETTLED = 13
