// A new batch: nothing to do yet.
export {};
