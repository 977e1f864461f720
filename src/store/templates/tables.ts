import type { Project } from "../../agent/templates/project.ts";
import type { Deployment, Template, TemplateVersion } from "../../agent/templates/template.ts";
import { entityTable } from "../base/columns.ts";

/** The table of projects. */
export const PROJECTS = entityTable<Project>()("projects", {
  id: "id",
  name: "text",
  slug: "text",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** The table of templates. */
export const TEMPLATES = entityTable<Template>()("templates", {
  id: "id",
  projectId: "text",
  name: "text",
  description: "text",
  latestNumber: "number",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** The table of their versions, the file of each aside. */
export const TEMPLATE_VERSIONS = entityTable<TemplateVersion>()("template_versions", {
  id: "id",
  templateId: "id",
  number: "number",
  message: "text",
  createdById: "text",
  createdAt: "instant",
});

/** The table of what was made of templates. */
export const DEPLOYMENTS = entityTable<Deployment>()("deployments", {
  id: "id",
  templateId: "id",
  versionId: "id",
  variables: "json",
  createdAt: "instant",
});
