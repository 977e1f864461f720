// Made of /openapi.json; see README.md.
export interface paths {
    readonly "/v1/groups/{group_id}/messages": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Says something to a group, and answers with what all of its agents say */
        readonly post: operations["post_groups_group_id_messages"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/groups/{group_id}/messages/stream": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Says something to a group, and streams what its agents say, one after the other */
        readonly post: operations["post_groups_group_id_messages_stream"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/agents/{agent_id}/memory/remember": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Keeps a text and the facts it states */
        readonly post: operations["post_agents_agent_id_memory_remember"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/agents/{agent_id}/memory/recall": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** What was said and is known that answers a question */
        readonly post: operations["post_agents_agent_id_memory_recall"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/agents/{agent_id}/memory/items/{item_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The turn, fact or entity of an id */
        readonly get: operations["get_agents_agent_id_memory_items_item_id"];
        readonly put?: never;
        readonly post?: never;
        /** Forgets a turn, a fact or an entity without a trace */
        readonly delete: operations["delete_agents_agent_id_memory_items_item_id"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/agents/{agent_id}/memory/items/{item_id}/history": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What became of a fact, or was ever known of an entity */
        readonly get: operations["get_agents_agent_id_memory_items_item_id_history"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/agents/{agent_id}/memory/facts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Facts, also as they held or were known at a time */
        readonly get: operations["get_agents_agent_id_memory_facts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/agents/{agent_id}/memory/entities": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Whom and what facts are about */
        readonly get: operations["get_agents_agent_id_memory_entities"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/agents/{agent_id}/memory/entities/{entity_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** An entity with its names, merges and relations */
        readonly get: operations["get_agents_agent_id_memory_entities_entity_id"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/agents/{agent_id}/memory/entities/{entity_id}/merge": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Takes two entities for one */
        readonly post: operations["post_agents_agent_id_memory_entities_entity_id_merge"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/agents/{agent_id}/memory/entities/{entity_id}/unmerge": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Undoes the last merge of an entity */
        readonly post: operations["post_agents_agent_id_memory_entities_entity_id_unmerge"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/agents/{agent_id}/memory/relations": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** How an entity is related to others */
        readonly get: operations["get_agents_agent_id_memory_relations"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/memory/remember": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Keeps a text and the facts it states */
        readonly post: operations["post_memory_remember"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/memory/recall": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** What was said and is known that answers a question */
        readonly post: operations["post_memory_recall"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/memory/items/{item_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The turn, fact or entity of an id */
        readonly get: operations["get_memory_items_item_id"];
        readonly put?: never;
        readonly post?: never;
        /** Forgets a turn, a fact or an entity without a trace */
        readonly delete: operations["delete_memory_items_item_id"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/memory/items/{item_id}/history": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What became of a fact, or was ever known of an entity */
        readonly get: operations["get_memory_items_item_id_history"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/memory/facts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Facts, also as they held or were known at a time */
        readonly get: operations["get_memory_facts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/memory/entities": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Whom and what facts are about */
        readonly get: operations["get_memory_entities"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/memory/entities/{entity_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** An entity with its names, merges and relations */
        readonly get: operations["get_memory_entities_entity_id"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/memory/entities/{entity_id}/merge": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Takes two entities for one */
        readonly post: operations["post_memory_entities_entity_id_merge"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/memory/entities/{entity_id}/unmerge": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Undoes the last merge of an entity */
        readonly post: operations["post_memory_entities_entity_id_unmerge"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/memory/relations": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** How an entity is related to others */
        readonly get: operations["get_memory_relations"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/blocks/{block_id}/versions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists what a block held, who changed it and which step */
        readonly get: operations["get_blocks_block_id_versions"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/blocks/{block_id}/undo": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Gives a block the content of an earlier version */
        readonly post: operations["post_blocks_block_id_undo"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/identities/{identity_id}/erase": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Erases all that an identity left, a part at a time; call again with 'next' */
        readonly post: operations["post_identities_identity_id_erase"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/keys": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists keys: everybody's for who may see them, else one's own */
        readonly get: operations["get_keys"];
        readonly put?: never;
        /** Makes a key; what opens is told once */
        readonly post: operations["post_keys"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/keys/{key_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A key */
        readonly get: operations["get_keys_key_id"];
        readonly put?: never;
        readonly post?: never;
        /** Revokes a key */
        readonly delete: operations["delete_keys_key_id"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/keys/{key_id}/rotate": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Gives a key a new secret; the one before may open for a while, too */
        readonly post: operations["post_keys_key_id_rotate"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/users": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists the members of an organization, programs among them */
        readonly get: operations["get_users"];
        readonly put?: never;
        /** Adds a user to an organization */
        readonly post: operations["post_users"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/users/{user_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A user, and what they may */
        readonly get: operations["get_users_user_id"];
        readonly put?: never;
        readonly post?: never;
        /** Deletes a user; what they made stays */
        readonly delete: operations["delete_users_user_id"];
        readonly options?: never;
        readonly head?: never;
        /** Changes, disables or enables a user */
        readonly patch: operations["patch_users_user_id"];
        readonly trace?: never;
    };
    readonly "/v1/users/{user_id}/sign-in-codes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Makes a code by which a user signs in once */
        readonly post: operations["post_users_user_id_sign_in_codes"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/organizations": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists organizations: all for who runs the server, else one's own */
        readonly get: operations["get_organizations"];
        readonly put?: never;
        /** Makes an organization */
        readonly post: operations["post_organizations"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/organizations/{organization_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** An organization */
        readonly get: operations["get_organizations_organization_id"];
        readonly put?: never;
        readonly post?: never;
        /** Deletes an organization with everything in it */
        readonly delete: operations["delete_organizations_organization_id"];
        readonly options?: never;
        readonly head?: never;
        /** Renames an organization */
        readonly patch: operations["patch_organizations_organization_id"];
        readonly trace?: never;
    };
    readonly "/v1/organizations/{organization_id}/members": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists who is in an organization */
        readonly get: operations["get_organizations_organization_id_members"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/organizations/{organization_id}/members/{user_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        /** Sets what a user is in an organization */
        readonly put: operations["put_organizations_organization_id_members_user_id"];
        readonly post?: never;
        /** Takes a user out of an organization */
        readonly delete: operations["delete_organizations_organization_id_members_user_id"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/sessions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists sessions: everybody's for who may see them, else one's own */
        readonly get: operations["get_sessions"];
        readonly put?: never;
        /** Signs in by a key, a password or a code */
        readonly post: operations["post_sessions"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/sessions/{session_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        /** Ends a session */
        readonly delete: operations["delete_sessions_session_id"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/sessions/oidc/start": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Sends a browser to the identity provider */
        readonly get: operations["get_sessions_oidc_start"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/sessions/oidc/callback": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Takes a browser back from the identity provider, with a code that begins a session */
        readonly get: operations["get_sessions_oidc_callback"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/me": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Who asks, and what they may */
        readonly get: operations["get_me"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/steps/{step_id}/context": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What the step showed its model, part by part */
        readonly get: operations["get_steps_step_id_context"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/steps/{step_id}/context/diff": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What another step showed its model more, and less */
        readonly get: operations["get_steps_step_id_context_diff"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/limits": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists limits: who may take how much of what, in which time */
        readonly get: operations["get_limits"];
        readonly put?: never;
        /** Sets a limit of requests, runs, tokens or money */
        readonly post: operations["post_limits"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/limits/spend": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What of limits is used, reserved and left, and which binds first */
        readonly get: operations["get_limits_spend"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/limits/{limit_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A limit */
        readonly get: operations["get_limits_limit_id"];
        readonly put?: never;
        readonly post?: never;
        /** Takes a limit away, with what was spent of it */
        readonly delete: operations["delete_limits_limit_id"];
        readonly options?: never;
        readonly head?: never;
        /** Changes a limit's name or amount; what was spent stays spent */
        readonly patch: operations["patch_limits_limit_id"];
        readonly trace?: never;
    };
    readonly "/v1/usage": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What steps used and cost, by agent, model, key, user or day */
        readonly get: operations["get_usage"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/changes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What has changed since a place in the feed: a page, or a stream for who accepts events */
        readonly get: operations["get_changes"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists the addresses that are told of changes */
        readonly get: operations["get_webhooks"];
        readonly put?: never;
        /** Has an address told of changes; its secret is shown this once */
        readonly post: operations["post_webhooks"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{webhook_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A webhook, and what came of what it was sent last */
        readonly get: operations["get_webhooks_webhook_id"];
        readonly put?: never;
        readonly post?: never;
        /** Deletes a webhook */
        readonly delete: operations["delete_webhooks_webhook_id"];
        readonly options?: never;
        readonly head?: never;
        /** Changes a webhook, or lets one that stopped go on */
        readonly patch: operations["patch_webhooks_webhook_id"];
        readonly trace?: never;
    };
    readonly "/v1/audit": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Who did what: a page, or all of it as lines of JSON */
        readonly get: operations["get_audit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/retention": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** How long what is not kept for ever is kept */
        readonly get: operations["get_retention"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        /** Sets how long what is not kept for ever is kept */
        readonly patch: operations["patch_retention"];
        readonly trace?: never;
    };
    readonly "/v1/secrets": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** By which keys secrets are sealed, and which cannot be read */
        readonly get: operations["get_secrets"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/secrets/rotate": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Seal all secrets by a new key */
        readonly post: operations["post_secrets_rotate"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/plugins": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists the plugins that were added to the server */
        readonly get: operations["get_plugins"];
        readonly put?: never;
        /** Takes a plugin in, or replaces the one of the same name */
        readonly post: operations["post_plugins"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/plugins/{plugin_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A plugin, what it wants and what it was granted */
        readonly get: operations["get_plugins_plugin_id"];
        readonly put?: never;
        readonly post?: never;
        /** Deletes a plugin, and the tool that it was */
        readonly delete: operations["delete_plugins_plugin_id"];
        readonly options?: never;
        readonly head?: never;
        /** Switches a plugin on or off, or grants it something else */
        readonly patch: operations["patch_plugins_plugin_id"];
        readonly trace?: never;
    };
    readonly "/v1/plugins/{plugin_id}/sync": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Has a plugin fill a folder with its documents, and begins with it */
        readonly post: operations["post_plugins_plugin_id_sync"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/plugins/{plugin_id}/syncs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The folders that a plugin fills, and how far they are */
        readonly get: operations["get_plugins_plugin_id_syncs"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export interface components {
    schemas: {
        readonly Agent: {
            readonly created_by_id: string | null;
            readonly last_updated_by_id: string | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            readonly id: string;
            readonly name: string;
            readonly tool_rules: readonly Record<string, never>[];
            readonly message_ids: readonly string[];
            readonly system: string;
            /** @enum {string} */
            readonly agent_type: "memgpt_agent" | "memgpt_v2_agent" | "letta_v1_agent" | "react_agent" | "workflow_agent" | "split_thread_agent" | "sleeptime_agent" | "voice_convo_agent" | "voice_sleeptime_agent";
            readonly llm_config: components["schemas"]["LlmConfig"];
            readonly embedding_config: components["schemas"]["EmbeddingConfig"] | null;
            readonly model: string | null;
            readonly embedding: string | null;
            readonly model_settings: Record<string, never> | null;
            readonly compaction_settings: components["schemas"]["CompactionSettings"];
            readonly response_format: Record<string, never> | null;
            readonly description: string | null;
            readonly metadata: Record<string, never> | null;
            readonly memory: components["schemas"]["Memory"];
            readonly blocks: readonly components["schemas"]["Block"][];
            readonly tools: readonly components["schemas"]["Tool"][];
            readonly sources: readonly components["schemas"]["Source"][];
            readonly tags: readonly string[];
            readonly tool_exec_environment_variables: readonly components["schemas"]["AgentSecret"][];
            readonly secrets: readonly components["schemas"]["AgentSecret"][];
            readonly project_id: string | null;
            readonly template_id: string | null;
            readonly base_template_id: string | null;
            readonly deployment_id: string | null;
            readonly entity_id: string | null;
            readonly identity_ids: readonly string[];
            readonly identities: readonly components["schemas"]["Identity"][];
            readonly pending_approval: Record<string, never> | null;
            readonly message_buffer_autoclear: boolean;
            readonly enable_sleeptime: boolean | null;
            readonly multi_agent_group: components["schemas"]["Group"] | null;
            readonly managed_group: components["schemas"]["Group"] | null;
            readonly last_run_completion: string | null;
            readonly last_run_duration_ms: number | null;
            readonly last_stop_reason: ("end_turn" | "error" | "llm_api_error" | "invalid_llm_response" | "invalid_tool_call" | "max_steps" | "max_tokens_exceeded" | "no_tool_call" | "tool_rule" | "cancelled" | "insufficient_credits" | "requires_approval" | "context_window_overflow_in_system_prompt") | null;
            readonly timezone: string;
            readonly max_files_open: number | null;
            readonly per_file_view_window_char_limit: number | null;
            readonly hidden: boolean | null;
            readonly fallback_models?: readonly string[];
            readonly memory_settings?: {
                readonly learn: boolean;
                readonly model: string | null;
                readonly recall: boolean;
                readonly recall_chars: number | null;
            };
        };
        readonly AgentSecret: {
            readonly created_by_id: string | null;
            readonly last_updated_by_id: string | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            readonly id: string;
            readonly key: string;
            /** @constant */
            readonly value: "********";
            readonly description: string | null;
            readonly value_enc: null;
            readonly agent_id: string;
        };
        readonly ApprovalRequestMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "approval_request_message";
            readonly tool_call: {
                readonly name: string;
                readonly arguments: string;
                readonly tool_call_id: string;
            } | null;
            readonly tool_calls: readonly {
                readonly name: string;
                readonly arguments: string;
                readonly tool_call_id: string;
            }[];
        };
        readonly ApprovalResponseMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "approval_response_message";
            readonly approvals: readonly ({
                /** @constant */
                readonly type: "approval";
                readonly tool_call_id: string;
                readonly approve: boolean;
                readonly reason: string | null;
            } | {
                /** @constant */
                readonly type: "tool";
                readonly tool_return: string | readonly ({
                    /** @constant */
                    readonly type: "text";
                    readonly text: string;
                } | {
                    /** @constant */
                    readonly type: "image";
                    readonly source: {
                        /** @constant */
                        readonly type: "base64";
                        readonly media_type: string;
                        readonly data: string;
                        readonly detail: string | null;
                    };
                } | {
                    /** @constant */
                    readonly type: "reasoning";
                    readonly is_native: boolean;
                    readonly reasoning: string;
                    readonly signature: string | null;
                })[];
                /** @enum {string} */
                readonly status: "success" | "error";
                readonly tool_call_id: string;
                readonly stdout: readonly string[] | null;
                readonly stderr: readonly string[] | null;
            })[];
            readonly approve: null;
            readonly approval_request_id: null;
            readonly reason: null;
        };
        readonly AssistantMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "assistant_message";
            readonly content: string | readonly ({
                /** @constant */
                readonly type: "text";
                readonly text: string;
            } | {
                /** @constant */
                readonly type: "image";
                readonly source: {
                    /** @constant */
                    readonly type: "base64";
                    readonly media_type: string;
                    readonly data: string;
                    readonly detail: string | null;
                };
            } | {
                /** @constant */
                readonly type: "reasoning";
                readonly is_native: boolean;
                readonly reasoning: string;
                readonly signature: string | null;
            })[];
        };
        readonly Audit: {
            readonly entries: readonly components["schemas"]["AuditEntry"][];
            readonly after: number | null;
        };
        readonly AuditEntry: {
            readonly number: number;
            /** Format: date-time */
            readonly at: string;
            readonly actor: {
                readonly kind: string;
                readonly id: string;
                readonly key_id: string | null;
                readonly address: string | null;
            };
            readonly request_id: string | null;
            readonly action: string;
            readonly resource: {
                readonly kind: string;
                readonly id: string | null;
            };
            /** @enum {string} */
            readonly outcome: "refused" | "done" | "failed";
            readonly change: Record<string, never>;
            readonly previous_hash: string;
            readonly hash: string;
        };
        readonly Block: {
            readonly value: string;
            readonly limit: number;
            readonly project_id: string | null;
            readonly template_name: string | null;
            readonly is_template: boolean;
            readonly template_id: string | null;
            readonly base_template_id: string | null;
            readonly deployment_id: string | null;
            readonly entity_id: string | null;
            readonly preserve_on_migration: boolean;
            readonly label: string;
            readonly read_only: boolean;
            readonly description: string | null;
            readonly metadata: Record<string, never>;
            readonly hidden: boolean | null;
            readonly id: string;
            readonly created_by_id: string | null;
            readonly last_updated_by_id: string | null;
            readonly tags: readonly string[];
        };
        readonly BlockVersion: {
            readonly block_id: string;
            readonly version: number;
            readonly label: string;
            readonly value: string;
            readonly limit: number;
            readonly description: string | null;
            readonly restored_version: number | null;
            readonly user_id: string | null;
            readonly key_id: string | null;
            readonly run_id: string | null;
            readonly step_id: string | null;
            /** Format: date-time */
            readonly created_at: string;
        };
        readonly Change: {
            readonly number: number;
            /** @enum {string} */
            readonly kind: "agent.created" | "agent.changed" | "agent.deleted" | "archive.created" | "archive.changed" | "archive.deleted" | "batch.created" | "batch.changed" | "batch.deleted" | "block.created" | "block.changed" | "block.deleted" | "conversation.created" | "conversation.changed" | "conversation.deleted" | "file.created" | "file.changed" | "file.deleted" | "folder.created" | "folder.changed" | "folder.deleted" | "group.created" | "group.changed" | "group.deleted" | "identity.created" | "identity.changed" | "identity.deleted" | "key.created" | "key.changed" | "key.deleted" | "limit.created" | "limit.changed" | "limit.deleted" | "mcp_server.created" | "mcp_server.changed" | "mcp_server.deleted" | "organization.created" | "organization.changed" | "organization.deleted" | "plugin.created" | "plugin.changed" | "plugin.deleted" | "project.created" | "project.changed" | "project.deleted" | "provider.created" | "provider.changed" | "provider.deleted" | "sandbox.created" | "sandbox.changed" | "sandbox.deleted" | "schedule.created" | "schedule.changed" | "schedule.deleted" | "template.created" | "template.changed" | "template.deleted" | "tool.created" | "tool.changed" | "tool.deleted" | "user.created" | "user.changed" | "user.deleted" | "webhook.created" | "webhook.changed" | "webhook.deleted" | "run.started" | "run.ended" | "run.changed" | "run.deleted" | "approval.asked" | "approval.answered" | "passages.changed" | "memory.changed";
            readonly id: string;
            readonly agent_id: string | null;
            /** Format: date-time */
            readonly at: string;
        };
        readonly Changes: {
            readonly changes: readonly components["schemas"]["Change"][];
            readonly after: number;
            readonly has_more: boolean;
        };
        readonly CompactionSettings: {
            readonly model: string | null;
            readonly model_settings: unknown;
            readonly prompt: string | null;
            readonly prompt_acknowledgement: boolean;
            readonly clip_chars: number | null;
            /** @enum {string} */
            readonly mode: "all" | "sliding_window" | "self_compact_all" | "self_compact_sliding_window";
            readonly sliding_window_percentage: number;
        };
        readonly ContextBlock: {
            readonly id: string;
            readonly version: number;
            readonly label: string | null;
            readonly description: string | null;
            readonly limit: number | null;
            readonly value: string | null;
            readonly gone: ("version_not_kept" | "block_deleted") | null;
        };
        readonly ContextDifference: {
            readonly from_step_id: string;
            readonly to_step_id: string;
            readonly is_complete: boolean;
            readonly system_prompt: {
                readonly added: readonly string[];
                readonly removed: readonly string[];
            } | null;
            readonly tools: {
                readonly added: readonly string[];
                readonly removed: readonly string[];
                readonly changed: readonly string[];
            };
            readonly blocks: {
                readonly added: readonly components["schemas"]["ContextBlock"][];
                readonly removed: readonly components["schemas"]["ContextBlock"][];
                readonly changed: readonly {
                    readonly from: components["schemas"]["ContextBlock"];
                    readonly to: components["schemas"]["ContextBlock"];
                }[];
            };
            readonly recalled: {
                readonly added: readonly components["schemas"]["ContextItem"][];
                readonly removed: readonly components["schemas"]["ContextItem"][];
            };
            readonly messages: {
                readonly added: readonly string[];
                readonly removed: readonly string[];
            };
            readonly tokens: components["schemas"]["ContextTokens"];
            /** @constant */
            readonly tokens_are_estimated: true;
        };
        readonly ContextItem: {
            /** @enum {string} */
            readonly kind: "fact" | "entry";
            readonly id: string;
            readonly score: number;
            readonly text: string | null;
        };
        readonly ContextTokens: {
            readonly system: number;
            readonly tools: number;
            readonly blocks: number;
            readonly recalled: number;
            readonly summary: number;
            readonly messages: number;
            readonly total: number;
        };
        readonly EmbeddingConfig: {
            readonly embedding_endpoint_type: string;
            readonly embedding_endpoint: string | null;
            readonly embedding_model: string;
            readonly embedding_dim: number;
            readonly embedding_chunk_size: number;
            readonly handle: string | null;
            readonly batch_size: number;
            readonly azure_endpoint: string | null;
            readonly azure_version: string | null;
            readonly azure_deployment: string | null;
        };
        readonly Entity: {
            readonly id: string;
            /** @enum {string} */
            readonly type: "organization" | "unknown" | "person" | "place" | "project" | "event" | "thing";
            readonly name: string;
            readonly merged_into: string | null;
            /** Format: date-time */
            readonly created_at: string;
        };
        readonly EntityMerge: {
            readonly kept_id: string;
            readonly absorbed_id: string;
            readonly reason: string;
            /** Format: date-time */
            readonly merged_at: string;
            readonly undone_at: string | null;
        };
        readonly Erased: {
            readonly identity_id: string;
            readonly erased: {
                readonly agents: number;
                readonly conversations: number;
                readonly messages: number;
                readonly runs: number;
                readonly summaries: number;
                readonly blocks: number;
                readonly block_versions: number;
                readonly passages: number;
                readonly folders: number;
                readonly archives: number;
                readonly schedules: number;
                readonly keys: number;
            };
            readonly unsure_block_ids: readonly string[];
            readonly next: string | null;
            readonly scrubbed: boolean;
        };
        readonly EventMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "event_message";
            readonly event_type: string;
            readonly event_data: Record<string, never>;
        };
        readonly Events: string;
        readonly Fact: {
            readonly id: string;
            readonly text: string;
            readonly subject_id: string | null;
            readonly relation: string;
            readonly value: string;
            readonly object_id: string | null;
            readonly is_denied: boolean;
            readonly confidence: number;
            readonly is_current: boolean;
            /** Format: date-time */
            readonly valid_from: string;
            readonly valid_to: string | null;
            /** Format: date-time */
            readonly learned_at: string;
            readonly closed_at: string | null;
            readonly closed_by: string | null;
            readonly event_time: string | null;
            readonly source_turn_ids: readonly string[];
            readonly derived_from: readonly string[];
        };
        readonly Failure: {
            readonly detail: string;
        };
        readonly FileBlock: {
            readonly value: string;
            readonly limit: number;
            readonly project_id: null;
            readonly template_name: null;
            /** @constant */
            readonly is_template: false;
            readonly template_id: null;
            readonly base_template_id: null;
            readonly deployment_id: null;
            readonly entity_id: null;
            /** @constant */
            readonly preserve_on_migration: false;
            readonly label: string;
            /** @constant */
            readonly read_only: true;
            readonly description: null;
            readonly metadata: Record<string, never>;
            readonly hidden: null;
            readonly id: string;
            readonly created_by_id: null;
            readonly last_updated_by_id: null;
            readonly tags: readonly string[];
            readonly file_id: string;
            readonly source_id: string;
            readonly is_open: boolean;
            /** Format: date-time */
            readonly last_accessed_at: string;
        };
        readonly Forgotten: {
            readonly forgotten: readonly string[];
        };
        readonly Group: {
            readonly id: string;
            /** @enum {string} */
            readonly manager_type: "round_robin" | "supervisor" | "dynamic" | "sleeptime" | "voice_sleeptime" | "swarm";
            readonly agent_ids: readonly string[];
            readonly description: string;
            readonly project_id: string | null;
            readonly template_id: string | null;
            readonly base_template_id: string | null;
            readonly deployment_id: string | null;
            readonly shared_block_ids: readonly string[];
            readonly manager_agent_id: string | null;
            readonly termination_token: string | null;
            readonly max_turns: number | null;
            readonly sleeptime_agent_frequency: number | null;
            readonly turns_counter: number | null;
            readonly last_processed_message_id: string | null;
            readonly max_message_buffer_length: number | null;
            readonly min_message_buffer_length: number | null;
            readonly hidden: boolean | null;
        };
        readonly HiddenReasoningMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "hidden_reasoning_message";
            /** @enum {string} */
            readonly state: "redacted" | "omitted";
            readonly hidden_reasoning: string | null;
        };
        readonly Identity: {
            readonly id: string;
            readonly identifier_key: string;
            readonly name: string;
            /** @enum {string} */
            readonly identity_type: "org" | "user" | "other";
            readonly project_id: string | null;
            readonly agent_ids: readonly string[];
            readonly block_ids: readonly string[];
            readonly organization_id: string;
            readonly properties: unknown;
        };
        readonly Kept: {
            /** @constant */
            readonly kind: "turn";
            readonly turn: components["schemas"]["Turn"];
        } | {
            /** @constant */
            readonly kind: "fact";
            readonly fact: components["schemas"]["Fact"];
        } | {
            /** @constant */
            readonly kind: "entity";
            readonly entity: components["schemas"]["Entity"];
        };
        readonly Key: {
            readonly id: string;
            readonly name: string;
            readonly prefix: string;
            readonly organization_id: string;
            readonly user_id: string;
            readonly scopes: readonly ("agents:read" | "agents:talk" | "agents:write" | "memory:read" | "memory:write" | "memory:forget" | "runs:read" | "runs:cancel" | "approvals:answer" | "tools:write" | "keys:own" | "providers:write" | "access:read" | "access:write" | "audit:read" | "metrics:read" | "server:admin")[] | null;
            readonly agents: readonly string[] | null;
            readonly models: readonly string[] | null;
            readonly identity_id: string | null;
            readonly origin: string | null;
            readonly expires_at: string | null;
            readonly last_used_at: string | null;
            readonly last_used_ip: string | null;
            readonly revoked_at: string | null;
            readonly replaced_until: string | null;
            readonly created_by_id: string | null;
            /** Format: date-time */
            readonly created_at: string;
        };
        readonly LearnedFact: {
            readonly id: string;
            readonly text: string;
            readonly subject_id: string | null;
            readonly relation: string;
            readonly value: string;
            readonly object_id: string | null;
            readonly is_denied: boolean;
            readonly confidence: number;
            readonly is_current: boolean;
            /** Format: date-time */
            readonly valid_from: string;
            readonly valid_to: string | null;
            /** Format: date-time */
            readonly learned_at: string;
            readonly closed_at: string | null;
            readonly closed_by: string | null;
            readonly event_time: string | null;
            readonly source_turn_ids: readonly string[];
            readonly derived_from: readonly string[];
            readonly is_new: boolean;
        };
        readonly Limit: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly subject_kind: "organization" | "user" | "key" | "agent";
            readonly subject_id: string;
            /** @enum {string} */
            readonly kind: "requests" | "runs" | "active_runs" | "tokens" | "usd";
            readonly window: unknown;
            readonly amount: number;
            readonly allow_unknown_price: boolean;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
        };
        readonly LlmConfig: {
            readonly model: string;
            readonly display_name: string | null;
            readonly model_endpoint_type: string;
            readonly model_endpoint: string | null;
            readonly provider_name: string | null;
            readonly provider_category: ("base" | "byok") | null;
            readonly model_wrapper: string | null;
            readonly context_window: number;
            readonly put_inner_thoughts_in_kwargs: boolean;
            readonly handle: string | null;
            readonly temperature: number;
            readonly max_tokens: number | null;
            readonly enable_reasoner: boolean;
            readonly reasoning_effort: string | null;
            readonly max_reasoning_tokens: number;
            readonly effort: string | null;
            readonly frequency_penalty: number | null;
            readonly compatibility_type: string | null;
            readonly verbosity: string | null;
            readonly tier: string | null;
            readonly parallel_tool_calls: boolean;
            readonly response_format: Record<string, never> | null;
            readonly strict: boolean;
            readonly return_logprobs: boolean;
            readonly top_logprobs: number | null;
            readonly return_token_ids: boolean;
            readonly tool_call_parser: string | null;
        };
        readonly Me: {
            readonly user: components["schemas"]["User"];
            readonly organization: components["schemas"]["Organization"];
            /** @enum {string} */
            readonly role: "viewer" | "operator" | "editor" | "admin" | "owner";
            readonly scopes: readonly ("agents:read" | "agents:talk" | "agents:write" | "memory:read" | "memory:write" | "memory:forget" | "runs:read" | "runs:cancel" | "approvals:answer" | "tools:write" | "keys:own" | "providers:write" | "access:read" | "access:write" | "audit:read" | "metrics:read" | "server:admin")[];
            readonly agents: readonly string[] | null;
            readonly models: readonly string[] | null;
            readonly identity_id: string | null;
            readonly came_by: string;
            readonly key_id: string | null;
            readonly session_id: string | null;
            readonly memberships: readonly {
                readonly organization_id: string;
                /** @enum {string} */
                readonly role: "viewer" | "operator" | "editor" | "admin" | "owner";
            }[];
        };
        readonly Member: {
            readonly id: string;
            readonly organization_id: string;
            readonly name: string;
            /** @enum {string} */
            readonly kind: "person" | "service";
            readonly email: string | null;
            readonly has_password: boolean;
            readonly disabled_at: string | null;
            /** Format: date-time */
            readonly created_at: string;
            /** @enum {string} */
            readonly role: "viewer" | "operator" | "editor" | "admin" | "owner";
            readonly scopes: readonly ("agents:read" | "agents:talk" | "agents:write" | "memory:read" | "memory:write" | "memory:forget" | "runs:read" | "runs:cancel" | "approvals:answer" | "tools:write" | "keys:own" | "providers:write" | "access:read" | "access:write" | "audit:read" | "metrics:read" | "server:admin")[] | null;
            readonly agents: readonly string[] | null;
            readonly models: readonly string[] | null;
            readonly identity_id: string | null;
        };
        readonly Memory: {
            /** @enum {string} */
            readonly agent_type: "memgpt_agent" | "memgpt_v2_agent" | "letta_v1_agent" | "react_agent" | "workflow_agent" | "split_thread_agent" | "sleeptime_agent" | "voice_convo_agent" | "voice_sleeptime_agent";
            /** @constant */
            readonly git_enabled: false;
            readonly blocks: readonly components["schemas"]["Block"][];
            readonly file_blocks: readonly components["schemas"]["FileBlock"][];
            /** @constant */
            readonly prompt_template: "";
        };
        readonly Mention: {
            readonly name: string;
            readonly turn_id: string;
        };
        readonly Merged: {
            readonly kept_id: string;
            readonly absorbed_id: string;
        };
        readonly Message: components["schemas"]["SystemMessage"] | components["schemas"]["UserMessage"] | components["schemas"]["AssistantMessage"] | components["schemas"]["ReasoningMessage"] | components["schemas"]["HiddenReasoningMessage"] | components["schemas"]["ToolCallMessage"] | components["schemas"]["ToolReturnMessage"] | components["schemas"]["ApprovalRequestMessage"] | components["schemas"]["ApprovalResponseMessage"] | components["schemas"]["SummaryMessage"] | components["schemas"]["EventMessage"];
        readonly OpenKey: {
            readonly id: string;
            readonly name: string;
            readonly prefix: string;
            readonly organization_id: string;
            readonly user_id: string;
            readonly scopes: readonly ("agents:read" | "agents:talk" | "agents:write" | "memory:read" | "memory:write" | "memory:forget" | "runs:read" | "runs:cancel" | "approvals:answer" | "tools:write" | "keys:own" | "providers:write" | "access:read" | "access:write" | "audit:read" | "metrics:read" | "server:admin")[] | null;
            readonly agents: readonly string[] | null;
            readonly models: readonly string[] | null;
            readonly identity_id: string | null;
            readonly origin: string | null;
            readonly expires_at: string | null;
            readonly last_used_at: string | null;
            readonly last_used_ip: string | null;
            readonly revoked_at: string | null;
            readonly replaced_until: string | null;
            readonly created_by_id: string | null;
            /** Format: date-time */
            readonly created_at: string;
            readonly key: string;
        };
        readonly OpenSession: {
            readonly id: string;
            readonly organization_id: string;
            readonly user_id: string;
            readonly key_id: string | null;
            readonly ip: string | null;
            readonly agent: string | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly last_used_at: string;
            /** Format: date-time */
            readonly expires_at: string;
            readonly token: string;
        };
        readonly OpenWebhook: {
            readonly id: string;
            readonly url: string;
            readonly kinds: readonly ("agent.created" | "agent.changed" | "agent.deleted" | "archive.created" | "archive.changed" | "archive.deleted" | "batch.created" | "batch.changed" | "batch.deleted" | "block.created" | "block.changed" | "block.deleted" | "conversation.created" | "conversation.changed" | "conversation.deleted" | "file.created" | "file.changed" | "file.deleted" | "folder.created" | "folder.changed" | "folder.deleted" | "group.created" | "group.changed" | "group.deleted" | "identity.created" | "identity.changed" | "identity.deleted" | "key.created" | "key.changed" | "key.deleted" | "limit.created" | "limit.changed" | "limit.deleted" | "mcp_server.created" | "mcp_server.changed" | "mcp_server.deleted" | "organization.created" | "organization.changed" | "organization.deleted" | "plugin.created" | "plugin.changed" | "plugin.deleted" | "project.created" | "project.changed" | "project.deleted" | "provider.created" | "provider.changed" | "provider.deleted" | "sandbox.created" | "sandbox.changed" | "sandbox.deleted" | "schedule.created" | "schedule.changed" | "schedule.deleted" | "template.created" | "template.changed" | "template.deleted" | "tool.created" | "tool.changed" | "tool.deleted" | "user.created" | "user.changed" | "user.deleted" | "webhook.created" | "webhook.changed" | "webhook.deleted" | "run.started" | "run.ended" | "run.changed" | "run.deleted" | "approval.asked" | "approval.answered" | "passages.changed" | "memory.changed")[];
            readonly enabled: boolean;
            readonly stopped_at: string | null;
            readonly missed: number;
            readonly last_sent_at: string | null;
            readonly last_status: number | null;
            readonly last_error: string | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            readonly secret?: string;
        };
        readonly Organization: {
            readonly id: string;
            readonly name: string;
            readonly privileged_tools: boolean;
            /** Format: date-time */
            readonly created_at: string;
        };
        readonly Plugin: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly kind: "tool" | "embedder" | "hook" | "source";
            /** @enum {string} */
            readonly language: "typescript" | "wasm";
            readonly description: string | null;
            readonly manifest: {
                readonly grants: readonly ("log" | "fetch" | "secret" | "recall")[];
                readonly network: readonly string[];
                readonly parameters: Record<string, never> | null;
                readonly dimensions: number | null;
                readonly events: readonly ("before_model" | "after_step" | "memory_write")[];
                /** @enum {string} */
                readonly on_failure: "allow" | "refuse";
                readonly tags: readonly string[];
            };
            readonly grants: readonly ("log" | "fetch" | "secret" | "recall")[];
            readonly enabled: boolean;
            readonly hash: string;
            readonly created_by_id: string | null;
            readonly last_updated_by_id: string | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
        };
        readonly PluginSync: {
            readonly plugin_id: string;
            readonly folder_id: string;
            /** @enum {string} */
            readonly status: "idle" | "listing" | "reading" | "removing";
            readonly remove_vanished: boolean;
            readonly listed: number;
            readonly waiting: number;
            readonly stored: number;
            readonly removed: number;
            readonly failed: number;
            readonly failures: readonly {
                readonly id: string;
                readonly name: string;
                readonly error: string | null;
            }[];
            readonly error: string | null;
            readonly started_at: string | null;
            readonly completed_at: string | null;
        };
        readonly ReasoningMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "reasoning_message";
            /** @enum {string} */
            readonly source: "reasoner_model" | "non_reasoner_model";
            readonly reasoning: string;
            readonly signature: string | null;
        };
        readonly Recalled: {
            readonly retrieval: string;
            readonly coverage: unknown;
            readonly facts: readonly components["schemas"]["RecalledFact"][];
            readonly turns: readonly components["schemas"]["RecalledTurn"][];
        };
        readonly RecalledFact: {
            readonly id: string;
            readonly text: string;
            readonly subject_id: string | null;
            readonly relation: string;
            readonly value: string;
            readonly object_id: string | null;
            readonly is_denied: boolean;
            readonly confidence: number;
            readonly is_current: boolean;
            /** Format: date-time */
            readonly valid_from: string;
            readonly valid_to: string | null;
            /** Format: date-time */
            readonly learned_at: string;
            readonly closed_at: string | null;
            readonly closed_by: string | null;
            readonly event_time: string | null;
            readonly source_turn_ids: readonly string[];
            readonly derived_from: readonly string[];
            readonly score: number;
            readonly parts?: Record<string, never>;
        };
        readonly RecalledTurn: {
            readonly id: string;
            readonly text: string;
            readonly speaker: string | null;
            /** @enum {string} */
            readonly role: "user" | "assistant" | "none";
            readonly session: string;
            /** Format: date-time */
            readonly at: string;
            readonly tags: readonly string[];
            readonly score: number;
            readonly parts?: Record<string, never>;
        };
        readonly Relation: {
            readonly fact_id: string;
            readonly subject_id: string;
            readonly relation: string;
            readonly object_id: string;
        };
        readonly Remembered: {
            readonly turn_id: string;
            readonly facts: readonly components["schemas"]["LearnedFact"][];
            readonly note: string | null;
        };
        readonly Reply: {
            readonly messages: readonly components["schemas"]["Message"][];
            readonly stop_reason: {
                /** @constant */
                readonly message_type: "stop_reason";
                /** @enum {string} */
                readonly stop_reason: "end_turn" | "error" | "llm_api_error" | "invalid_llm_response" | "invalid_tool_call" | "max_steps" | "max_tokens_exceeded" | "no_tool_call" | "tool_rule" | "cancelled" | "insufficient_credits" | "requires_approval" | "context_window_overflow_in_system_prompt";
            };
            readonly usage: components["schemas"]["Usage"];
            readonly logprobs: null;
            readonly turns: null;
        };
        readonly RetentionRules: {
            readonly run_events_days: number | null;
            readonly traces_days: number | null;
            readonly changes_days: number;
            readonly audit_days: number;
        };
        readonly Rotation: {
            readonly key_ids: readonly string[];
            readonly total: number;
            readonly older: number;
            readonly unreadable: readonly {
                readonly organization_id: string;
                readonly owner_id: string;
                readonly name: string;
            }[];
            readonly resealed: number;
            readonly broken: number;
            readonly dropped_key_ids: readonly string[];
        };
        readonly Said: {
            readonly message: string;
        };
        readonly Sealing: {
            readonly key_ids: readonly string[];
            readonly total: number;
            readonly older: number;
            readonly unreadable: readonly {
                readonly organization_id: string;
                readonly owner_id: string;
                readonly name: string;
            }[];
        };
        readonly Session: {
            readonly id: string;
            readonly organization_id: string;
            readonly user_id: string;
            readonly key_id: string | null;
            readonly ip: string | null;
            readonly agent: string | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly last_used_at: string;
            /** Format: date-time */
            readonly expires_at: string;
        };
        readonly SignInCode: {
            readonly code: string;
            readonly expires_at: string | null;
        };
        readonly Source: {
            readonly name: string;
            readonly description: string | null;
            readonly instructions: string | null;
            readonly metadata: Record<string, never> | null;
            readonly id: string;
            readonly embedding_config: components["schemas"]["EmbeddingConfig"] | null;
            readonly created_by_id: string | null;
            readonly last_updated_by_id: string | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            /** @constant */
            readonly vector_db_provider: "native";
        };
        readonly Spend: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly subject_kind: "organization" | "user" | "key" | "agent";
            readonly subject_id: string;
            /** @enum {string} */
            readonly kind: "requests" | "runs" | "active_runs" | "tokens" | "usd";
            readonly window: unknown;
            readonly amount: number;
            readonly allow_unknown_price: boolean;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            readonly used: number | null;
            readonly reserved: number | null;
            readonly left: number | null;
            readonly resets_at: string | null;
            readonly binds_first: boolean;
        };
        readonly StepContext: {
            readonly step_id: string;
            readonly run_id: string;
            readonly agent_id: string;
            readonly conversation_id: string | null;
            readonly model: string | null;
            readonly context_window_limit: number | null;
            /** Format: date-time */
            readonly created_at: string;
            readonly is_complete: boolean;
            readonly tokens: components["schemas"]["ContextTokens"];
            /** @constant */
            readonly tokens_are_estimated: true;
            readonly prompt_tokens: number | null;
            readonly system_prompt: string;
            readonly hooks: readonly {
                readonly plugin_id: string;
                readonly name: string;
                /** @enum {string} */
                readonly did: "note" | "arguments" | "refused";
                readonly tool_call_id: string | null;
            }[];
            readonly tried: readonly {
                readonly model: string;
                readonly why: string;
                readonly message: string;
                readonly was_passed_over: boolean;
            }[];
            readonly tools: readonly {
                readonly name: string;
                readonly description: string;
                readonly parameters: Record<string, never>;
            }[] | null;
            readonly blocks: readonly components["schemas"]["ContextBlock"][] | null;
            readonly recalled: {
                readonly text: string;
                readonly items: readonly components["schemas"]["ContextItem"][];
            } | null;
            readonly messages: readonly {
                readonly id: string;
                /** @enum {string} */
                readonly role: "user" | "tool" | "system" | "summary" | "assistant" | "approval";
                /** Format: date-time */
                readonly created_at: string;
                readonly run_id: string | null;
                readonly step_id: string | null;
                readonly is_refused: boolean;
            }[];
            readonly messages_gone: number;
            readonly transcript: readonly Record<string, never>[];
        };
        readonly SubjectUsage: {
            readonly subject: string | null;
            readonly steps: number;
            readonly failed_steps: number;
            readonly prompt_tokens: number;
            readonly completion_tokens: number;
            readonly total_tokens: number;
            readonly cached_input_tokens: number;
            readonly cache_write_tokens: number;
            readonly reasoning_tokens: number;
            readonly usd: number;
            readonly unpriced_models: readonly string[];
        };
        readonly SummaryMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "summary_message";
            readonly summary: string;
            readonly compaction_stats: unknown;
        };
        readonly SystemMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "system_message";
            readonly content: string;
        };
        readonly Tool: {
            readonly id: string;
            /** @enum {string} */
            readonly tool_type: "custom" | "letta_core" | "letta_memory_core" | "letta_multi_agent_core" | "letta_sleeptime_core" | "letta_voice_sleeptime_core" | "letta_builtin" | "letta_files_core" | "external_langchain" | "external_composio" | "external_mcp";
            readonly description: string | null;
            readonly source_type: string | null;
            readonly name: string;
            readonly tags: readonly string[];
            readonly source_code: string | null;
            readonly json_schema: Record<string, never> | null;
            readonly args_json_schema: Record<string, never> | null;
            readonly return_char_limit: number;
            readonly pip_requirements: readonly Record<string, never>[] | null;
            readonly npm_requirements: readonly Record<string, never>[] | null;
            readonly default_requires_approval: boolean | null;
            readonly enable_parallel_execution: boolean;
            readonly created_by_id: string | null;
            readonly last_updated_by_id: string | null;
            readonly metadata_: Record<string, never>;
            readonly project_id: string | null;
        };
        readonly ToolCallMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "tool_call_message";
            readonly tool_call: {
                readonly name: string;
                readonly arguments: string;
                readonly tool_call_id: string;
            };
            readonly tool_calls: readonly {
                readonly name: string;
                readonly arguments: string;
                readonly tool_call_id: string;
            }[];
        };
        readonly ToolReturnMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "tool_return_message";
            readonly tool_return: string;
            /** @enum {string} */
            readonly status: "success" | "error";
            readonly tool_call_id: string;
            readonly stdout: readonly string[] | null;
            readonly stderr: readonly string[] | null;
            readonly tool_returns: readonly {
                /** @constant */
                readonly type: "tool";
                readonly tool_return: string | readonly ({
                    /** @constant */
                    readonly type: "text";
                    readonly text: string;
                } | {
                    /** @constant */
                    readonly type: "image";
                    readonly source: {
                        /** @constant */
                        readonly type: "base64";
                        readonly media_type: string;
                        readonly data: string;
                        readonly detail: string | null;
                    };
                } | {
                    /** @constant */
                    readonly type: "reasoning";
                    readonly is_native: boolean;
                    readonly reasoning: string;
                    readonly signature: string | null;
                })[];
                /** @enum {string} */
                readonly status: "success" | "error";
                readonly tool_call_id: string;
                readonly stdout: readonly string[] | null;
                readonly stderr: readonly string[] | null;
            }[];
        };
        readonly Turn: {
            readonly id: string;
            readonly text: string;
            readonly speaker: string | null;
            /** @enum {string} */
            readonly role: "user" | "assistant" | "none";
            readonly session: string;
            /** Format: date-time */
            readonly at: string;
            readonly tags: readonly string[];
        };
        readonly Unmerged: {
            readonly absorbed_id: string;
        };
        readonly Usage: {
            /** @constant */
            readonly message_type: "usage_statistics";
            readonly completion_tokens: number;
            readonly prompt_tokens: number;
            readonly total_tokens: number;
            readonly step_count: number;
            readonly run_ids: readonly string[] | null;
            readonly cached_input_tokens: number | null;
            readonly cache_write_tokens: number | null;
            readonly reasoning_tokens: number | null;
            readonly context_tokens: number | null;
        };
        readonly UsageReport: {
            /** @enum {string} */
            readonly by: "agent" | "model" | "key" | "user" | "day";
            /** Format: date-time */
            readonly from: string;
            /** Format: date-time */
            readonly to: string;
            readonly usage: readonly components["schemas"]["SubjectUsage"][];
            readonly is_truncated: boolean;
            readonly prices_taken_at: string;
        };
        readonly User: {
            readonly id: string;
            readonly organization_id: string;
            readonly name: string;
            /** @enum {string} */
            readonly kind: "person" | "service";
            readonly email: string | null;
            readonly has_password: boolean;
            readonly disabled_at: string | null;
            /** Format: date-time */
            readonly created_at: string;
        };
        readonly UserMessage: {
            readonly id: string;
            /** Format: date-time */
            readonly date: string;
            readonly name: string | null;
            readonly otid: string | null;
            readonly sender_id: string | null;
            readonly step_id: string | null;
            readonly is_err: boolean | null;
            readonly seq_id: number | null;
            readonly run_id: string | null;
            /** @constant */
            readonly message_type: "user_message";
            readonly content: string | readonly ({
                /** @constant */
                readonly type: "text";
                readonly text: string;
            } | {
                /** @constant */
                readonly type: "image";
                readonly source: {
                    /** @constant */
                    readonly type: "base64";
                    readonly media_type: string;
                    readonly data: string;
                    readonly detail: string | null;
                };
            } | {
                /** @constant */
                readonly type: "reasoning";
                readonly is_native: boolean;
                readonly reasoning: string;
                readonly signature: string | null;
            })[];
        };
        readonly Webhook: {
            readonly id: string;
            readonly url: string;
            readonly kinds: readonly ("agent.created" | "agent.changed" | "agent.deleted" | "archive.created" | "archive.changed" | "archive.deleted" | "batch.created" | "batch.changed" | "batch.deleted" | "block.created" | "block.changed" | "block.deleted" | "conversation.created" | "conversation.changed" | "conversation.deleted" | "file.created" | "file.changed" | "file.deleted" | "folder.created" | "folder.changed" | "folder.deleted" | "group.created" | "group.changed" | "group.deleted" | "identity.created" | "identity.changed" | "identity.deleted" | "key.created" | "key.changed" | "key.deleted" | "limit.created" | "limit.changed" | "limit.deleted" | "mcp_server.created" | "mcp_server.changed" | "mcp_server.deleted" | "organization.created" | "organization.changed" | "organization.deleted" | "plugin.created" | "plugin.changed" | "plugin.deleted" | "project.created" | "project.changed" | "project.deleted" | "provider.created" | "provider.changed" | "provider.deleted" | "sandbox.created" | "sandbox.changed" | "sandbox.deleted" | "schedule.created" | "schedule.changed" | "schedule.deleted" | "template.created" | "template.changed" | "template.deleted" | "tool.created" | "tool.changed" | "tool.deleted" | "user.created" | "user.changed" | "user.deleted" | "webhook.created" | "webhook.changed" | "webhook.deleted" | "run.started" | "run.ended" | "run.changed" | "run.deleted" | "approval.asked" | "approval.answered" | "passages.changed" | "memory.changed")[];
            readonly enabled: boolean;
            readonly stopped_at: string | null;
            readonly missed: number;
            readonly last_sent_at: string | null;
            readonly last_status: number | null;
            readonly last_error: string | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
        };
        readonly WholeEntity: {
            readonly id: string;
            /** @enum {string} */
            readonly type: "organization" | "unknown" | "person" | "place" | "project" | "event" | "thing";
            readonly name: string;
            readonly merged_into: string | null;
            /** Format: date-time */
            readonly created_at: string;
            readonly mentions: readonly components["schemas"]["Mention"][];
            readonly merges: readonly components["schemas"]["EntityMerge"][];
            readonly relations: readonly components["schemas"]["Relation"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export interface operations {
    readonly post_groups_group_id_messages: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly group_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly messages?: readonly ({
                        readonly type?: "message" | null;
                        /** @enum {string} */
                        readonly role: "user" | "system" | "assistant";
                        readonly content: string | readonly ({
                            /**
                             * @default text
                             * @constant
                             */
                            readonly type?: "text";
                            readonly text: string;
                        } | {
                            /** @constant */
                            readonly type: "image";
                            readonly source: {
                                /** @constant */
                                readonly type: "base64";
                                readonly media_type: string;
                                readonly data: string;
                            } | {
                                /** @constant */
                                readonly type: "url";
                                readonly url: string;
                            } | {
                                /** @constant */
                                readonly type: "letta";
                                readonly file_id: string;
                                readonly media_type: string;
                                readonly data: string;
                            };
                        })[];
                        readonly name?: string | null;
                        readonly otid?: string | null;
                        readonly sender_id?: string | null;
                        readonly group_id?: string | null;
                    } | {
                        /** @constant */
                        readonly type: "approval";
                        readonly approvals?: readonly ({
                            /**
                             * @default tool
                             * @constant
                             */
                            readonly type?: "tool";
                            readonly tool_call_id: string;
                            readonly tool_return: string | readonly ({
                                /**
                                 * @default text
                                 * @constant
                                 */
                                readonly type?: "text";
                                readonly text: string;
                            } | {
                                /** @constant */
                                readonly type: "image";
                                readonly source: {
                                    /** @constant */
                                    readonly type: "base64";
                                    readonly media_type: string;
                                    readonly data: string;
                                } | {
                                    /** @constant */
                                    readonly type: "url";
                                    readonly url: string;
                                } | {
                                    /** @constant */
                                    readonly type: "letta";
                                    readonly file_id: string;
                                    readonly media_type: string;
                                    readonly data: string;
                                };
                            })[];
                            /**
                             * @default success
                             * @enum {string}
                             */
                            readonly status?: "success" | "error";
                            readonly stdout?: readonly string[] | null;
                            readonly stderr?: readonly string[] | null;
                        } | {
                            /**
                             * @default approval
                             * @constant
                             */
                            readonly type?: "approval";
                            readonly tool_call_id: string;
                            readonly approve: boolean;
                            readonly reason?: string | null;
                        })[] | null;
                        readonly approve?: boolean | null;
                        readonly approval_request_id?: string | null;
                        readonly reason?: string | null;
                        readonly otid?: string | null;
                    } | {
                        /** @constant */
                        readonly type: "tool_return";
                        readonly tool_returns: readonly {
                            /**
                             * @default tool
                             * @constant
                             */
                            readonly type?: "tool";
                            readonly tool_call_id: string;
                            readonly tool_return: string | readonly ({
                                /**
                                 * @default text
                                 * @constant
                                 */
                                readonly type?: "text";
                                readonly text: string;
                            } | {
                                /** @constant */
                                readonly type: "image";
                                readonly source: {
                                    /** @constant */
                                    readonly type: "base64";
                                    readonly media_type: string;
                                    readonly data: string;
                                } | {
                                    /** @constant */
                                    readonly type: "url";
                                    readonly url: string;
                                } | {
                                    /** @constant */
                                    readonly type: "letta";
                                    readonly file_id: string;
                                    readonly media_type: string;
                                    readonly data: string;
                                };
                            })[];
                            /**
                             * @default success
                             * @enum {string}
                             */
                            readonly status?: "success" | "error";
                            readonly stdout?: readonly string[] | null;
                            readonly stderr?: readonly string[] | null;
                        }[];
                        readonly otid?: string | null;
                    })[] | null;
                    readonly input?: (string | readonly ({
                        /**
                         * @default text
                         * @constant
                         */
                        readonly type?: "text";
                        readonly text: string;
                    } | {
                        /** @constant */
                        readonly type: "image";
                        readonly source: {
                            /** @constant */
                            readonly type: "base64";
                            readonly media_type: string;
                            readonly data: string;
                        } | {
                            /** @constant */
                            readonly type: "url";
                            readonly url: string;
                        } | {
                            /** @constant */
                            readonly type: "letta";
                            readonly file_id: string;
                            readonly media_type: string;
                            readonly data: string;
                        };
                    })[]) | null;
                    /** @default 50 */
                    readonly max_steps?: number;
                    /** @default true */
                    readonly use_assistant_message?: boolean;
                    /** @default send_message */
                    readonly assistant_message_tool_name?: string;
                    /** @default message */
                    readonly assistant_message_tool_kwarg?: string;
                    readonly include_return_message_types?: readonly ("system_message" | "user_message" | "assistant_message" | "reasoning_message" | "hidden_reasoning_message" | "tool_call_message" | "tool_return_message" | "approval_request_message" | "approval_response_message" | "summary_message" | "event_message")[] | null;
                    readonly include_compaction_messages?: boolean | null;
                    readonly client_tools?: readonly {
                        readonly name: string;
                        readonly description?: string | null;
                        readonly parameters?: {
                            readonly [key: string]: unknown;
                        } | null;
                    }[] | null;
                    readonly client_skills?: readonly {
                        readonly name: string;
                        readonly description: string;
                        readonly location: string;
                    }[] | null;
                    readonly override_model?: string | null;
                    readonly override_system?: string | null;
                    readonly system?: string | null;
                    readonly streaming?: boolean | null;
                    readonly stream_tokens?: boolean | null;
                    readonly include_pings?: boolean | null;
                    readonly background?: boolean | null;
                    readonly approval_timeout_seconds?: number | null;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Reply"];
                    readonly "text/event-stream": components["schemas"]["Events"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_groups_group_id_messages_stream: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly group_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly messages?: readonly ({
                        readonly type?: "message" | null;
                        /** @enum {string} */
                        readonly role: "user" | "system" | "assistant";
                        readonly content: string | readonly ({
                            /**
                             * @default text
                             * @constant
                             */
                            readonly type?: "text";
                            readonly text: string;
                        } | {
                            /** @constant */
                            readonly type: "image";
                            readonly source: {
                                /** @constant */
                                readonly type: "base64";
                                readonly media_type: string;
                                readonly data: string;
                            } | {
                                /** @constant */
                                readonly type: "url";
                                readonly url: string;
                            } | {
                                /** @constant */
                                readonly type: "letta";
                                readonly file_id: string;
                                readonly media_type: string;
                                readonly data: string;
                            };
                        })[];
                        readonly name?: string | null;
                        readonly otid?: string | null;
                        readonly sender_id?: string | null;
                        readonly group_id?: string | null;
                    } | {
                        /** @constant */
                        readonly type: "approval";
                        readonly approvals?: readonly ({
                            /**
                             * @default tool
                             * @constant
                             */
                            readonly type?: "tool";
                            readonly tool_call_id: string;
                            readonly tool_return: string | readonly ({
                                /**
                                 * @default text
                                 * @constant
                                 */
                                readonly type?: "text";
                                readonly text: string;
                            } | {
                                /** @constant */
                                readonly type: "image";
                                readonly source: {
                                    /** @constant */
                                    readonly type: "base64";
                                    readonly media_type: string;
                                    readonly data: string;
                                } | {
                                    /** @constant */
                                    readonly type: "url";
                                    readonly url: string;
                                } | {
                                    /** @constant */
                                    readonly type: "letta";
                                    readonly file_id: string;
                                    readonly media_type: string;
                                    readonly data: string;
                                };
                            })[];
                            /**
                             * @default success
                             * @enum {string}
                             */
                            readonly status?: "success" | "error";
                            readonly stdout?: readonly string[] | null;
                            readonly stderr?: readonly string[] | null;
                        } | {
                            /**
                             * @default approval
                             * @constant
                             */
                            readonly type?: "approval";
                            readonly tool_call_id: string;
                            readonly approve: boolean;
                            readonly reason?: string | null;
                        })[] | null;
                        readonly approve?: boolean | null;
                        readonly approval_request_id?: string | null;
                        readonly reason?: string | null;
                        readonly otid?: string | null;
                    } | {
                        /** @constant */
                        readonly type: "tool_return";
                        readonly tool_returns: readonly {
                            /**
                             * @default tool
                             * @constant
                             */
                            readonly type?: "tool";
                            readonly tool_call_id: string;
                            readonly tool_return: string | readonly ({
                                /**
                                 * @default text
                                 * @constant
                                 */
                                readonly type?: "text";
                                readonly text: string;
                            } | {
                                /** @constant */
                                readonly type: "image";
                                readonly source: {
                                    /** @constant */
                                    readonly type: "base64";
                                    readonly media_type: string;
                                    readonly data: string;
                                } | {
                                    /** @constant */
                                    readonly type: "url";
                                    readonly url: string;
                                } | {
                                    /** @constant */
                                    readonly type: "letta";
                                    readonly file_id: string;
                                    readonly media_type: string;
                                    readonly data: string;
                                };
                            })[];
                            /**
                             * @default success
                             * @enum {string}
                             */
                            readonly status?: "success" | "error";
                            readonly stdout?: readonly string[] | null;
                            readonly stderr?: readonly string[] | null;
                        }[];
                        readonly otid?: string | null;
                    })[] | null;
                    readonly input?: (string | readonly ({
                        /**
                         * @default text
                         * @constant
                         */
                        readonly type?: "text";
                        readonly text: string;
                    } | {
                        /** @constant */
                        readonly type: "image";
                        readonly source: {
                            /** @constant */
                            readonly type: "base64";
                            readonly media_type: string;
                            readonly data: string;
                        } | {
                            /** @constant */
                            readonly type: "url";
                            readonly url: string;
                        } | {
                            /** @constant */
                            readonly type: "letta";
                            readonly file_id: string;
                            readonly media_type: string;
                            readonly data: string;
                        };
                    })[]) | null;
                    /** @default 50 */
                    readonly max_steps?: number;
                    /** @default true */
                    readonly use_assistant_message?: boolean;
                    /** @default send_message */
                    readonly assistant_message_tool_name?: string;
                    /** @default message */
                    readonly assistant_message_tool_kwarg?: string;
                    readonly include_return_message_types?: readonly ("system_message" | "user_message" | "assistant_message" | "reasoning_message" | "hidden_reasoning_message" | "tool_call_message" | "tool_return_message" | "approval_request_message" | "approval_response_message" | "summary_message" | "event_message")[] | null;
                    readonly include_compaction_messages?: boolean | null;
                    readonly client_tools?: readonly {
                        readonly name: string;
                        readonly description?: string | null;
                        readonly parameters?: {
                            readonly [key: string]: unknown;
                        } | null;
                    }[] | null;
                    readonly client_skills?: readonly {
                        readonly name: string;
                        readonly description: string;
                        readonly location: string;
                    }[] | null;
                    readonly override_model?: string | null;
                    readonly override_system?: string | null;
                    readonly system?: string | null;
                    readonly streaming?: boolean | null;
                    readonly stream_tokens?: boolean | null;
                    readonly include_pings?: boolean | null;
                    readonly background?: boolean | null;
                    readonly approval_timeout_seconds?: number | null;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": components["schemas"]["Events"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_agents_agent_id_memory_remember: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly text: string;
                    readonly speaker?: string | null;
                    readonly role?: ("user" | "assistant" | "none") | null;
                    readonly session?: string | null;
                    readonly at?: string | null;
                    readonly tags?: readonly string[] | null;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Remembered"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_agents_agent_id_memory_recall: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly query: string;
                    /** @default 10 */
                    readonly limit?: number;
                    readonly roles?: readonly ("user" | "assistant" | "none")[] | null;
                    readonly session?: string | null;
                    readonly tags?: readonly string[] | null;
                    readonly start?: string | null;
                    readonly end?: string | null;
                    /** @default false */
                    readonly include_past?: boolean;
                    /** @default false */
                    readonly explain?: boolean;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Recalled"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_agents_agent_id_memory_items_item_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
                readonly item_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Kept"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly delete_agents_agent_id_memory_items_item_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
                readonly item_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Forgotten"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_agents_agent_id_memory_items_item_id_history: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
                readonly item_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Fact"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_agents_agent_id_memory_facts: {
        readonly parameters: {
            readonly query?: {
                readonly entity_id?: string;
                readonly relation?: string;
                readonly turn_id?: string;
                readonly valid_at?: string;
                readonly learned_at?: string;
                readonly current?: string;
                readonly before?: string;
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Fact"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_agents_agent_id_memory_entities: {
        readonly parameters: {
            readonly query?: {
                readonly name?: string;
                readonly after?: string;
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Entity"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_agents_agent_id_memory_entities_entity_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
                readonly entity_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WholeEntity"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_agents_agent_id_memory_entities_entity_id_merge: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
                readonly entity_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly into: string;
                    /** @default  */
                    readonly reason?: string;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Merged"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_agents_agent_id_memory_entities_entity_id_unmerge: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
                readonly entity_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Unmerged"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_agents_agent_id_memory_relations: {
        readonly parameters: {
            readonly query: {
                readonly entity_id: string;
            };
            readonly header?: never;
            readonly path: {
                readonly agent_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Relation"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_memory_remember: {
        readonly parameters: {
            readonly query?: {
                readonly user?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly text: string;
                    readonly speaker?: string | null;
                    readonly role?: ("user" | "assistant" | "none") | null;
                    readonly session?: string | null;
                    readonly at?: string | null;
                    readonly tags?: readonly string[] | null;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Remembered"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_memory_recall: {
        readonly parameters: {
            readonly query?: {
                readonly user?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly query: string;
                    /** @default 10 */
                    readonly limit?: number;
                    readonly roles?: readonly ("user" | "assistant" | "none")[] | null;
                    readonly session?: string | null;
                    readonly tags?: readonly string[] | null;
                    readonly start?: string | null;
                    readonly end?: string | null;
                    /** @default false */
                    readonly include_past?: boolean;
                    /** @default false */
                    readonly explain?: boolean;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Recalled"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_memory_items_item_id: {
        readonly parameters: {
            readonly query?: {
                readonly user?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly item_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Kept"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly delete_memory_items_item_id: {
        readonly parameters: {
            readonly query?: {
                readonly user?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly item_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Forgotten"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_memory_items_item_id_history: {
        readonly parameters: {
            readonly query?: {
                readonly user?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly item_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Fact"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_memory_facts: {
        readonly parameters: {
            readonly query?: {
                readonly user?: string;
                readonly entity_id?: string;
                readonly relation?: string;
                readonly turn_id?: string;
                readonly valid_at?: string;
                readonly learned_at?: string;
                readonly current?: string;
                readonly before?: string;
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Fact"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_memory_entities: {
        readonly parameters: {
            readonly query?: {
                readonly user?: string;
                readonly name?: string;
                readonly after?: string;
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Entity"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_memory_entities_entity_id: {
        readonly parameters: {
            readonly query?: {
                readonly user?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly entity_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WholeEntity"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_memory_entities_entity_id_merge: {
        readonly parameters: {
            readonly query?: {
                readonly user?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly entity_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly into: string;
                    /** @default  */
                    readonly reason?: string;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Merged"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_memory_entities_entity_id_unmerge: {
        readonly parameters: {
            readonly query?: {
                readonly user?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly entity_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Unmerged"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_memory_relations: {
        readonly parameters: {
            readonly query: {
                readonly user?: string;
                readonly entity_id: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Relation"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_blocks_block_id_versions: {
        readonly parameters: {
            readonly query?: {
                readonly before?: string;
                readonly after?: string;
                readonly limit?: string;
                readonly order?: "asc" | "desc";
            };
            readonly header?: never;
            readonly path: {
                readonly block_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["BlockVersion"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_blocks_block_id_undo: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly block_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly version?: number | null;
                    readonly expected_version?: number | null;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Block"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_identities_identity_id_erase: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly identity_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @default false */
                    readonly dry_run?: boolean;
                    /** @default null */
                    readonly after?: string | null;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Erased"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_keys: {
        readonly parameters: {
            readonly query?: {
                readonly organization_id?: string;
                readonly before?: string;
                readonly after?: string;
                readonly limit?: string;
                readonly order?: "asc" | "desc";
                readonly user_id?: string;
                readonly include_ended?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Key"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_keys: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name?: string | null;
                    readonly user_id?: string | null;
                    readonly role?: ("viewer" | "operator" | "editor" | "admin" | "owner") | null;
                    readonly organization_id?: string | null;
                    readonly scopes?: readonly ("agents:read" | "agents:talk" | "agents:write" | "memory:read" | "memory:write" | "memory:forget" | "runs:read" | "runs:cancel" | "approvals:answer" | "tools:write" | "keys:own" | "providers:write" | "access:read" | "access:write" | "audit:read" | "metrics:read" | "server:admin")[] | null;
                    readonly agents?: readonly string[] | null;
                    readonly models?: readonly string[] | null;
                    readonly identity_id?: string | null;
                    readonly expires_at?: string | null;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["OpenKey"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_keys_key_id: {
        readonly parameters: {
            readonly query?: {
                readonly organization_id?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly key_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Key"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly delete_keys_key_id: {
        readonly parameters: {
            readonly query?: {
                readonly organization_id?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly key_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Key"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_keys_key_id_rotate: {
        readonly parameters: {
            readonly query?: {
                readonly organization_id?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly key_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly overlap_seconds?: number;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["OpenKey"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_users: {
        readonly parameters: {
            readonly query?: {
                readonly organization_id?: string;
                readonly before?: string;
                readonly after?: string;
                readonly limit?: string;
                readonly order?: "asc" | "desc";
                readonly name?: string;
                readonly kind?: "person" | "service";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Member"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_users: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name: string;
                    readonly kind?: ("person" | "service") | null;
                    readonly role?: ("viewer" | "operator" | "editor" | "admin" | "owner") | null;
                    readonly email?: string | null;
                    readonly password?: string | null;
                    readonly organization_id?: string | null;
                    readonly scopes?: readonly ("agents:read" | "agents:talk" | "agents:write" | "memory:read" | "memory:write" | "memory:forget" | "runs:read" | "runs:cancel" | "approvals:answer" | "tools:write" | "keys:own" | "providers:write" | "access:read" | "access:write" | "audit:read" | "metrics:read" | "server:admin")[] | null;
                    readonly agents?: readonly string[] | null;
                    readonly models?: readonly string[] | null;
                    readonly identity_id?: string | null;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Member"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_users_user_id: {
        readonly parameters: {
            readonly query?: {
                readonly organization_id?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly user_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Member"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly delete_users_user_id: {
        readonly parameters: {
            readonly query?: {
                readonly organization_id?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly user_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["User"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly patch_users_user_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly user_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name?: string;
                    readonly email?: string | null;
                    readonly password?: string | null;
                    readonly current_password?: string;
                    readonly disabled?: boolean;
                    readonly organization_id?: string;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Member"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_users_user_id_sign_in_codes: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly user_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["SignInCode"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_organizations: {
        readonly parameters: {
            readonly query?: {
                readonly before?: string;
                readonly after?: string;
                readonly limit?: string;
                readonly order?: "asc" | "desc";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Organization"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_organizations: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name: string;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Organization"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_organizations_organization_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly organization_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Organization"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly delete_organizations_organization_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly organization_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Organization"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly patch_organizations_organization_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly organization_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name: string;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Organization"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_organizations_organization_id_members: {
        readonly parameters: {
            readonly query?: {
                readonly before?: string;
                readonly after?: string;
                readonly limit?: string;
                readonly order?: "asc" | "desc";
            };
            readonly header?: never;
            readonly path: {
                readonly organization_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Member"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly put_organizations_organization_id_members_user_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly organization_id: string;
                readonly user_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @enum {string} */
                    readonly role: "viewer" | "operator" | "editor" | "admin" | "owner";
                    readonly scopes?: readonly ("agents:read" | "agents:talk" | "agents:write" | "memory:read" | "memory:write" | "memory:forget" | "runs:read" | "runs:cancel" | "approvals:answer" | "tools:write" | "keys:own" | "providers:write" | "access:read" | "access:write" | "audit:read" | "metrics:read" | "server:admin")[] | null;
                    readonly agents?: readonly string[] | null;
                    readonly models?: readonly string[] | null;
                    readonly identity_id?: string | null;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Member"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly delete_organizations_organization_id_members_user_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly organization_id: string;
                readonly user_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": null;
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_sessions: {
        readonly parameters: {
            readonly query?: {
                readonly before?: string;
                readonly after?: string;
                readonly limit?: string;
                readonly order?: "asc" | "desc";
                readonly user_id?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Session"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_sessions: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly key: string;
                } | {
                    readonly code: string;
                } | {
                    readonly email: string;
                    readonly password: string;
                    readonly organization_id?: string;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["OpenSession"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly delete_sessions_session_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly session_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Session"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_sessions_oidc_start: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Leads elsewhere */
            readonly 302: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_sessions_oidc_callback: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Leads elsewhere */
            readonly 302: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_me: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Me"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_steps_step_id_context: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly step_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["StepContext"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_steps_step_id_context_diff: {
        readonly parameters: {
            readonly query: {
                readonly with: string;
            };
            readonly header?: never;
            readonly path: {
                readonly step_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ContextDifference"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_limits: {
        readonly parameters: {
            readonly query?: {
                readonly before?: string;
                readonly after?: string;
                readonly limit?: string;
                readonly order?: "asc" | "desc";
                readonly subject_kind?: "organization" | "user" | "key" | "agent";
                readonly subject_id?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Limit"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_limits: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name?: string;
                    /**
                     * @default organization
                     * @enum {string}
                     */
                    readonly subject_kind?: "organization" | "user" | "key" | "agent";
                    readonly subject_id?: string;
                    /** @enum {string} */
                    readonly kind: "requests" | "runs" | "active_runs" | "tokens" | "usd";
                    readonly window?: (("day" | "month") | number) | null;
                    readonly amount: number;
                    /** @default false */
                    readonly allow_unknown_price?: boolean;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Limit"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_limits_spend: {
        readonly parameters: {
            readonly query?: {
                readonly before?: string;
                readonly after?: string;
                readonly limit?: string;
                readonly order?: "asc" | "desc";
                readonly key_id?: string;
                readonly user_id?: string;
                readonly agent_id?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Spend"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_limits_limit_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly limit_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Limit"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly delete_limits_limit_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly limit_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Said"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly patch_limits_limit_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly limit_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name?: string;
                    readonly amount?: number;
                    readonly allow_unknown_price?: boolean;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Limit"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_usage: {
        readonly parameters: {
            readonly query?: {
                readonly by?: "agent" | "model" | "key" | "user" | "day";
                readonly from?: string;
                readonly to?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["UsageReport"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_changes: {
        readonly parameters: {
            readonly query?: {
                readonly after?: string;
                readonly limit?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Changes"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_webhooks: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Webhook"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_webhooks: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly url: string;
                    readonly kinds?: readonly ("agent.created" | "agent.changed" | "agent.deleted" | "archive.created" | "archive.changed" | "archive.deleted" | "batch.created" | "batch.changed" | "batch.deleted" | "block.created" | "block.changed" | "block.deleted" | "conversation.created" | "conversation.changed" | "conversation.deleted" | "file.created" | "file.changed" | "file.deleted" | "folder.created" | "folder.changed" | "folder.deleted" | "group.created" | "group.changed" | "group.deleted" | "identity.created" | "identity.changed" | "identity.deleted" | "key.created" | "key.changed" | "key.deleted" | "limit.created" | "limit.changed" | "limit.deleted" | "mcp_server.created" | "mcp_server.changed" | "mcp_server.deleted" | "organization.created" | "organization.changed" | "organization.deleted" | "plugin.created" | "plugin.changed" | "plugin.deleted" | "project.created" | "project.changed" | "project.deleted" | "provider.created" | "provider.changed" | "provider.deleted" | "sandbox.created" | "sandbox.changed" | "sandbox.deleted" | "schedule.created" | "schedule.changed" | "schedule.deleted" | "template.created" | "template.changed" | "template.deleted" | "tool.created" | "tool.changed" | "tool.deleted" | "user.created" | "user.changed" | "user.deleted" | "webhook.created" | "webhook.changed" | "webhook.deleted" | "run.started" | "run.ended" | "run.changed" | "run.deleted" | "approval.asked" | "approval.answered" | "passages.changed" | "memory.changed")[];
                    readonly enabled?: boolean;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["OpenWebhook"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_webhooks_webhook_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly webhook_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly delete_webhooks_webhook_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly webhook_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": null;
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly patch_webhooks_webhook_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly webhook_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly url?: string;
                    readonly kinds?: readonly ("agent.created" | "agent.changed" | "agent.deleted" | "archive.created" | "archive.changed" | "archive.deleted" | "batch.created" | "batch.changed" | "batch.deleted" | "block.created" | "block.changed" | "block.deleted" | "conversation.created" | "conversation.changed" | "conversation.deleted" | "file.created" | "file.changed" | "file.deleted" | "folder.created" | "folder.changed" | "folder.deleted" | "group.created" | "group.changed" | "group.deleted" | "identity.created" | "identity.changed" | "identity.deleted" | "key.created" | "key.changed" | "key.deleted" | "limit.created" | "limit.changed" | "limit.deleted" | "mcp_server.created" | "mcp_server.changed" | "mcp_server.deleted" | "organization.created" | "organization.changed" | "organization.deleted" | "plugin.created" | "plugin.changed" | "plugin.deleted" | "project.created" | "project.changed" | "project.deleted" | "provider.created" | "provider.changed" | "provider.deleted" | "sandbox.created" | "sandbox.changed" | "sandbox.deleted" | "schedule.created" | "schedule.changed" | "schedule.deleted" | "template.created" | "template.changed" | "template.deleted" | "tool.created" | "tool.changed" | "tool.deleted" | "user.created" | "user.changed" | "user.deleted" | "webhook.created" | "webhook.changed" | "webhook.deleted" | "run.started" | "run.ended" | "run.changed" | "run.deleted" | "approval.asked" | "approval.answered" | "passages.changed" | "memory.changed")[];
                    readonly enabled?: boolean;
                    readonly rotate_secret?: boolean;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["OpenWebhook"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_audit: {
        readonly parameters: {
            readonly query?: {
                readonly after?: string;
                readonly limit?: string;
                readonly order?: "asc" | "desc";
                readonly format?: "json" | "jsonl";
                readonly actor_id?: string;
                readonly action?: string;
                readonly resource_kind?: string;
                readonly resource_id?: string;
                readonly outcome?: "done" | "refused" | "failed";
                readonly start?: string;
                readonly end?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Audit"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_retention: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RetentionRules"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly patch_retention: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly run_events_days?: number | null;
                    readonly traces_days?: number | null;
                    readonly changes_days?: number;
                    readonly audit_days?: number;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RetentionRules"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_secrets: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Sealing"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_secrets_rotate: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Rotation"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_plugins: {
        readonly parameters: {
            readonly query?: {
                readonly before?: string;
                readonly after?: string;
                readonly limit?: string;
                readonly order?: "asc" | "desc";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Plugin"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_plugins: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @enum {string} */
                    readonly language: "wasm" | "typescript";
                    readonly code: string;
                    readonly grants?: readonly ("log" | "fetch" | "secret" | "recall")[];
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Plugin"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_plugins_plugin_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly plugin_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Plugin"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly delete_plugins_plugin_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly plugin_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Said"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly patch_plugins_plugin_id: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly plugin_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly enabled?: boolean;
                    readonly grants?: readonly ("log" | "fetch" | "secret" | "recall")[];
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Plugin"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly post_plugins_plugin_id_sync: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly plugin_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly folder_id: string;
                    /** @default false */
                    readonly remove_vanished?: boolean;
                };
            };
        };
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PluginSync"];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
    readonly get_plugins_plugin_id_syncs: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly plugin_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Success */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["PluginSync"][];
                };
            };
            /** @description What is wrong, in a sentence */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Failure"];
                };
            };
        };
    };
}
