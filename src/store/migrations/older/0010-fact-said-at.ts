/** When a fact was said; null in rows from before, of which what is known stands in for it. */
export const FACT_SAID_AT = "alter table umi_facts add column said_at double precision";
