/** Where the database was last at home, as it was told by whoever keeps it; no row until then. */
export const HOME = "create table home (place text not null)";
