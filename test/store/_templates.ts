import { expect } from "bun:test";
import type { Project } from "../../src/agent/templates/project.ts";
import { type Deployment, type Template, type WholeVersion, WORKING } from "../../src/agent/templates/template.ts";
import { madeBy } from "../../src/core/authorship.ts";
import { instantOf } from "../../src/core/clock.ts";
import { DEFAULT_ACTOR, newId } from "../../src/core/id.ts";
import { world } from "../_harness/dialects.ts";
import { agent, block } from "./_samples.ts";
import { ALL, expectFailure, reader, type Subject, write } from "./_subject.ts";

const { random } = world;
let time = 1_000;
const made = () => madeBy(DEFAULT_ACTOR, instantOf(++time));
const PAGE = { offset: 0, limit: 10, orderBy: "created_at" } as const;

function project(slug: string): Project {
  return { id: newId("project", random), name: `The ${slug}`, slug, ...made() };
}

function template(name: string, more: Partial<Template> = {}): Template {
  const id = newId("template", random);
  return { id, projectId: "p", name, description: null, latestNumber: 1, ...made(), ...more };
}

function version({ id }: Template, number: number, text = `${number}`): WholeVersion {
  const at = instantOf(++time);
  const file = { agents: [], text };
  return {
    id: newId("template_version", random),
    templateId: id,
    number,
    message: null,
    file,
    createdById: null,
    createdAt: at,
  };
}

/** What is promised of projects, templates and what is made of them. */
export function templateContract(subject: Subject): void {
  subject("projects: each has a slug of its own, and lists go by name and page", async (opened) => {
    const [one, two] = [project("one"), project("two")];
    await write(opened, async ({ projects }) => {
      await projects.insert(one);
      await projects.insert(two);
    });
    const { projects } = reader(opened);
    expect(await projects.list(undefined, PAGE)).toEqual([two, one]);
    expect(await projects.list("E TW", PAGE)).toEqual([two]);
    expect(await projects.list(undefined, { offset: 1, limit: 1 })).toEqual([one]);
    expect([await projects.findBySlug("one"), await projects.find(two.id), await projects.count()]).toEqual([
      one,
      two,
      2,
    ]);
    await expectFailure(
      "conflict",
      write(opened, (stores) => stores.projects.insert(project("one"))),
    );
    const theirs = opened.store.reader(opened.stranger).projects;
    expect([await theirs.findBySlug("one"), await theirs.find(one.id), await theirs.count()]).toEqual([
      undefined,
      undefined,
      0,
    ]);
    await opened.store.write(opened.stranger, (stores) => stores.projects.insert(project("one")));
    await write(opened, (stores) => stores.projects.remove(one.id));
    expect(await reader(opened).projects.find(one.id)).toBeUndefined();
    await expectFailure(
      "not_found",
      write(opened, (stores) => stores.projects.remove(one.id)),
    );
  });

  subject(
    "templates: a name is used once in a project, and what is worked on takes the place of itself",
    async (opened) => {
      const [one, two] = [template("one"), template("two")];
      const [worked, first, second] = [version(one, WORKING), version(one, 1), version(one, 2)];
      await write(opened, async ({ templates }) => {
        await templates.insert(one);
        await templates.insert(two);
        for (const each of [worked, first, second]) await templates.putVersion(each);
        await templates.putVersion({ ...worked, file: { text: "other" } });
      });
      const { templates } = reader(opened);
      expect((await templates.version(one.id, WORKING))?.file).toEqual({ text: "other" });
      expect(await templates.version(one.id, 2)).toEqual(second);
      const { file: _, ...summary } = second;
      expect(await templates.versions(one.id, { offset: 0, limit: 1 })).toEqual([summary]);
      expect([await templates.countVersions(one.id), await templates.countVersions(two.id)]).toEqual([2, 0]);
      await expectFailure(
        "conflict",
        write(opened, (stores) => stores.templates.putVersion(version(one, 2))),
      );
      await expectFailure(
        "conflict",
        write(opened, (stores) => stores.templates.insert(template("one"))),
      );
      await expectFailure(
        "conflict",
        write(opened, (stores) => stores.templates.save({ ...two, name: "one" })),
      );
      await expectFailure(
        "not_found",
        write(opened, (stores) => stores.templates.save(template("three"))),
      );
      await write(opened, (stores) => stores.templates.insert(template("one", { projectId: "q" })));
      await write(opened, (stores) => stores.templates.save({ ...two, name: "renamed", latestNumber: 3 }));
      expect(await templates.find(two.id)).toMatchObject({ name: "renamed", latestNumber: 3 });
      const list = async (filter: object) =>
        (await templates.list(filter, PAGE)).map(({ name, projectId }) => projectId + name);
      expect(await list({})).toEqual(["qone", "prenamed", "pone"]);
      expect(await list({ nameHolds: "NAM" })).toEqual(["prenamed"]);
      expect(await list({ projectId: "p", name: "one" })).toEqual(["pone"]);
      expect([await list({ id: one.id }), await list({ id: second.id }), await list({ number: 2 })]).toEqual([
        ["pone"],
        ["pone"],
        ["pone"],
      ]);
      const theirs = opened.store.reader(opened.stranger).templates;
      expect([await theirs.list({}, PAGE), await theirs.find(one.id), await theirs.version(one.id, 2)]).toEqual([
        [],
        undefined,
        undefined,
      ]);
      expect([await theirs.versions(one.id, PAGE), await theirs.countVersions(one.id)]).toEqual([[], 0]);
      await write(opened, (stores) => stores.templates.remove(one.id));
      expect(await templates.version(one.id, 2)).toBeUndefined();
    },
  );

  subject("deployments: they outlive their template, and things are found by them", async (opened) => {
    const one = template("one");
    const id = newId("deployment", random);
    const versionId = newId("template_version", random);
    const kept: Deployment = { id, templateId: one.id, versionId, variables: { a: "b" }, createdAt: instantOf(++time) };
    const [of, other] = [agent({ deploymentId: id, baseTemplateId: one.id, templateId: versionId }), agent()];
    const [ours, loose] = [block("ours", { deploymentId: id }), block("loose")];
    await write(opened, async ({ templates, deployments, agents, blocks }) => {
      await templates.insert(one);
      await deployments.insert(kept);
      for (const each of [of, other]) await agents.insert(each);
      for (const each of [ours, loose]) await blocks.insert(each);
      await templates.remove(one.id);
    });
    const { deployments, agents, blocks } = reader(opened);
    expect([await deployments.find(id), await deployments.listOf(one.id, 5)]).toEqual([kept, [kept]]);
    const page = { ...ALL, orderBy: "created_at" } as const;
    const found = async (filter: object) => (await agents.list(filter, page)).map((each) => each.id);
    expect(await found({ deploymentId: id })).toEqual([of.id]);
    expect(await found({ baseTemplateIds: [one.id, "x"] })).toEqual([of.id]);
    expect(await found({ templateIds: [versionId], every: [{ id: of.id }, { name: of.name }] })).toEqual([of.id]);
    expect(await found({ every: [{ id: of.id }, { id: other.id }] })).toEqual([]);
    expect(await found({ baseTemplateIds: [] })).toEqual([]);
    expect((await blocks.list({ deploymentId: id }, ALL)).map((each) => each.id)).toEqual([ours.id]);
    const theirs = opened.store.reader(opened.stranger).deployments;
    expect([await theirs.find(id), await theirs.listOf(one.id, 5)]).toEqual([undefined, []]);
    await write(opened, (stores) => stores.deployments.save({ ...kept, variables: {} }));
    expect((await deployments.find(id))?.variables).toEqual({});
    await write(opened, (stores) => stores.deployments.remove(id));
    expect(await deployments.find(id)).toBeUndefined();
    await expectFailure(
      "not_found",
      write(opened, (stores) => stores.deployments.save(kept)),
    );
  });
}
