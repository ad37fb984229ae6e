/** What the upstream says, and every target has to hand on unchanged. */
export const DELTAS = 100;
export const DELTA = 'glide ';
export const ANSWER = DELTA.repeat(DELTAS);

export const PROMPT = 'In a few sentences: what does a pilot see when the approach lights turn from red to white, and what is done then?';
