/** Whether and how an agent learns from its conversations and recalls what it learnt. */
export const MEMORY_SETTINGS = `
alter table agents add column memory_settings text
`;
