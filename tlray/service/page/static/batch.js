// One batch: nothing to do yet.
export {};
