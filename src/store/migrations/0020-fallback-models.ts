/** The models that are asked, in this order, where an agent's own does not answer. */
export const FALLBACK_MODELS = `
alter table agents add column fallback_models text
`;
