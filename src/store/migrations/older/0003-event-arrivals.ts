/** The newest events of all runs in the order they came: tokens of many runs, stored together, share their pages. */
export const EVENT_ARRIVALS = `
create table run_event_arrivals (number %AUTO%, run_id text not null, seq_id integer not null, data text not null)
`;
