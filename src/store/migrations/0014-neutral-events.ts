/**
 * How many frames of Letta's stream came before each event; of moved ones, before the first of its row. Without it an
 * event is such a frame itself, as older versions stored them.
 */
export const NEUTRAL_EVENTS = `
alter table run_event_arrivals add column frames_before integer;
alter table run_events add column frames_before integer;
`;
