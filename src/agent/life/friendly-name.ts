import type { Random } from "../../core/random.ts";

const ADJECTIVES = [
  ..."Amber Ancient Autumn Balmy Bold Brave Breezy Bright Brisk Calm Candid Cheerful Clever Cobalt Copper Coral Cosmic".split(
    " ",
  ),
  ..."Cozy Crimson Crisp Curious Dapper Daring Deep Eager Early Earnest Fair Fearless Fleet Frosty Gentle Gilded Glad".split(
    " ",
  ),
  ..."Golden Graceful Hardy Hazel Hearty Hidden Humble Ivory Jade Jolly Keen Kind Lively Lucid Lucky Lunar Mellow Merry".split(
    " ",
  ),
  ..."Mighty Misty Modest Noble Opal Patient Placid Plucky Polar Proud Quick Quiet Ready Rosy Rustic Sage Salty Serene".split(
    " ",
  ),
  ..."Silent Silver Snowy Solar Sonic Spry Steady Stellar Sunny Swift Tidal Tranquil Upbeat Velvet Vivid Warm Wise Witty".split(
    " ",
  ),
];
const NOUNS = [
  ..."Acorn Anchor Aspen Badger Bay Beacon Birch Bison Breeze Brook Canyon Cedar Clover Comet Condor Cove Crane Creek".split(
    " ",
  ),
  ..."Dolphin Dune Eagle Ember Falcon Fern Finch Fjord Forest Fox Garnet Glacier Grove Gull Harbor Hare Hawk Heron Island".split(
    " ",
  ),
  ..."Juniper Kelp Kestrel Kingfisher Lagoon Lantern Lark Laurel Lighthouse Lynx Maple Marlin Marten Meadow Mesa Moss".split(
    " ",
  ),
  ..."Oak Orca Osprey Otter Owl Pebble Pelican Petrel Pine Puffin Quartz Raven Reef Ridge River Robin Sandpiper Seal".split(
    " ",
  ),
  ..."Sparrow Spruce Starling Stream Summit Swallow Tern Thistle Tide Valley Walrus Willow Wren".split(" "),
];

/** A name such as `QuietHeron`, for what nobody named. Not unique. */
export function friendlyName(random: Random): string {
  return `${pick(ADJECTIVES, random)}${pick(NOUNS, random)}`;
}

function pick(words: readonly string[], random: Random): string {
  return words[Math.floor(random.fraction() * words.length)] ?? "Selkie";
}
