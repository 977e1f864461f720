/** Routes that only this server has, by what their paths begin with under `/v1`. */
const OWN_ROOTS =
  /^[A-Z]+ \/v1\/(?:(?:agents\/:agent_id\/)?memory|keys|users|organizations|sessions|me|limits|usage|changes|webhooks|audit|retention|secrets|plugins)(?:\/|$)/;
/** And those among Letta's own. */
const OWN_ROUTES =
  /^(?:GET \/v1\/steps\/:step_id\/context(?:\/diff)?|(?:GET|POST) \/v1\/blocks\/:block_id\/(?:versions|undo)|POST \/v1\/groups\/:group_id\/messages(?:\/stream)?|POST \/v1\/identities\/:identity_id\/erase)$/;

/** Whose a route is: one that Letta's server had, in its documents or without a word, or one of this server alone. */
export function originOf(route: string): "letta" | "selkie" {
  return OWN_ROOTS.test(route) || OWN_ROUTES.test(route) ? "selkie" : "letta";
}
