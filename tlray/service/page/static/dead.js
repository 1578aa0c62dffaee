// Dead letters: nothing to do yet.
export {};
