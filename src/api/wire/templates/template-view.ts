import { z } from "zod";
import type { Project } from "../../../agent/templates/project.ts";
import type { Template, TemplateVersion } from "../../../agent/templates/template.ts";
import { answer, list, time } from "../answers/answer.ts";
import { isoTime } from "../time.ts";

/** A project as clients see it. */
export const WireProject = answer("Project", { id: z.string(), name: z.string(), slug: z.string() });

/** What {@link WireProject} says of a project. */
export function toWireProject({ id, name, slug }: Project): z.output<typeof WireProject> {
  return { id, name, slug };
}

/** A template as clients see it. */
export const WireTemplate = answer("Template", {
  id: z.string(),
  name: z.string(),
  project_id: z.string(),
  project_slug: z.string(),
  latest_version: z.string(),
  description: z.string().optional(),
  template_deployment_slug: z.string(),
  updated_at: time,
});

/** What {@link WireTemplate} says of a template in a project of this slug; `number` is the version that it is shown with. */
export function toWireTemplate(
  template: Template,
  slug: string,
  number = template.latestNumber,
): z.output<typeof WireTemplate> {
  return {
    id: template.id,
    name: template.name,
    project_id: template.projectId,
    project_slug: slug,
    latest_version: String(number),
    ...(template.description === null ? {} : { description: template.description }),
    template_deployment_slug: `${slug}/${template.name}:${number}`,
    updated_at: isoTime(template.updatedAt),
  };
}

const WireVersion = answer("TemplateVersion", {
  version: z.string(),
  created_at: time,
  message: z.string().optional(),
  is_latest: z.boolean(),
});

/** A page of versions of a template as clients see it. */
export const WireVersions = answer("TemplateVersions", {
  versions: list(WireVersion),
  has_next_page: z.boolean(),
  total_count: z.int(),
});

/** A version of a template as clients see it. */
export function toWireVersion(
  { number, message, createdAt }: TemplateVersion,
  template: Template,
): z.output<typeof WireVersion> {
  return {
    version: String(number),
    created_at: isoTime(createdAt),
    ...(message === null ? {} : { message }),
    is_latest: number === template.latestNumber,
  };
}

/** That something was done, and what is to be said of it. */
export const WireDone = answer("Done", { success: z.boolean(), message: z.string().optional() });

/** The agents that were made of a template. */
export const WireDeployed = answer("Deployed", {
  agent_ids: list(z.string()),
  group_id: z.string().nullable(),
  deployment_id: z.string(),
  notes: list(z.string()).optional(),
});
