/** One thing that `npm run check` looks at. */
export interface Step {
  readonly name: string;
  /** What to do where it fails. */
  readonly advice: string;
  run(): Promise<Finding>;
}

export interface Finding {
  /** One line or block each, a path first where there is one; none = the step passed. */
  readonly problems: readonly string[];
  /** What a reader should know though nothing is wrong. */
  readonly notes?: readonly string[];
}
