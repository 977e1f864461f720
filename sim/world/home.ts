import type { Home, Place } from "../../src/app/disk/home.ts";

/** The mark of a data folder that nobody copies: made when it is asked for, there at once, and never lost. */
export function createHome(): Home {
  let place: Place | undefined;
  return {
    find: () => place,
    mark() {
      place ??= { number: "1", born: "1", changed: "1" };
      return place;
    },
  };
}

/** The mark of a copied folder. On a disk that was filled alike it has the number that the original's has. */
export function copiedHome(hasSameNumber: boolean): Home {
  const place = { number: hasSameNumber ? "1" : "2", born: "2", changed: "2" };
  return { find: () => place, mark: () => place };
}
