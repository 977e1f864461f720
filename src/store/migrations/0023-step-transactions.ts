/** The transaction that somebody else books a step under. */
export const STEP_TRANSACTIONS = `
alter table steps add column transaction_id text
`;
