/** A mistake of the user's: told in one line, with exit code 2. All other errors are ours, and show where they happened. */
export class UsageError extends Error {}
