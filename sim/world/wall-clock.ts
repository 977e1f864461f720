import type { MachineOptions } from "./process.ts";
import type { Incarnation } from "./world.ts";

/** The wall clocks of processes, each set a little wrong, and all of them set to another time now and then. */
export interface WallClock {
  /** How far the clock of a process is from the true one, in milliseconds. */
  of(incarnation: Incarnation): () => number;
  /** After an event: perhaps somebody sets the time. */
  mayJump(): void;
}

/** The one {@link WallClock}. */
export function createWallClock({ options, hazards, scheduler, faults, random: given }: MachineOptions): WallClock {
  const random = given.fork("wall clock");
  let jumpedMs = 0;
  return {
    of({ number }: Incarnation): () => number {
      const skewMs = random.fork(`process ${number}`).between(-options.skewMs, options.skewMs);
      return () => skewMs + jumpedMs;
    },
    mayJump(): void {
      if (hazards.jumpRate === 0 || !faults.chance(random, hazards.jumpRate)) return;
      const byMs = Math.round(random.between(-hazards.jumpMs, hazards.jumpMs));
      jumpedMs += byMs;
      scheduler.note(`wall clock: ${byMs} ms`);
      faults.applied(byMs < 0 ? "clock set back" : "clock set forward");
    },
  };
}
