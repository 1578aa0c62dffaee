// The list of batches: nothing to do yet.
export {};
