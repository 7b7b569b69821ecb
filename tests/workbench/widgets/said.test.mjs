import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import test from "node:test";
import { PAGE_WORDS } from "../../../workbench/widgets/js/src/model/page_words.js";
import { problemText, SAID, saidText, sentence } from "../../../workbench/widgets/js/src/model/problems.js";
import { speaker } from "../../../workbench/widgets/js/src/model/words.js";

const pt = speaker("pt", PAGE_WORDS);
const state = { error: "event e1 is recorded; this needs it to be in review or archived", code: "WrongState", said: { name: "event_state", values: { event: "e1", state: "recorded", wanted: "in review or archived" } } };

test("a sentence that has a name is said in the person's language, and what stands in it too", () => {
  assert.equal(problemText(pt, state), "O evento e1 está no estado “gravado”; isto precisa do estado “em revisão ou arquivado”.");
  const refused = { name: "profile", values: { profile: "operator", action: "sign off" } };
  assert.equal(saidText(pt, "", refused), "O perfil “operador” não permite esta ação: liberar");
});

test("what has no name is said by the class of its error, with the server's sentence; English as it is", () => {
  assert.equal(problemText(pt, { ...state, said: null }), `Isto não é possível agora: abra a página de novo e veja como está. O servidor diz: “${state.error.replace("event", "Event")}.”`);
  assert.equal(problemText(pt, { error: "what is new", code: null, said: { name: "of a newer server", values: {} } }), "What is new.");
  assert.equal(problemText(speaker("en", PAGE_WORDS), state), "Event e1 is recorded; this needs it to be in review or archived.");
});

test("a number in a sentence of the server has the comma of the person's language", () => {
  const low = { name: "disk_low", values: { disk: "/mnt/a.5", free: "2.5" } };
  assert.equal(saidText(pt, "", low), "Restam 2,5 GiB em /mnt/a.5; uma hora de vídeo precisa de 9");
  assert.deepEqual([pt.number(12.34, 1), pt.number(12, 1, 0), pt.number(-0.01, 1), speaker("en").number(1234.56, 1)], ["12,3", "12", "0,0", "1234.6"]);
});

test("each worked notebook is called and described in each language", () => {
  const stems = readdirSync(new URL("../../../notebooks", import.meta.url)).filter((each) => each.endsWith(".ipynb")).map((each) => each.slice(0, -6));
  assert.ok(stems.length > 5);
  const told = Object.keys(SAID.pt).filter((each) => each.startsWith("nb_"));
  assert.deepEqual(told.sort(), stems.flatMap((each) => [`nb_${each}`, `nb_${each}_about`]).sort());
});

test("no language lacks what another says", () => {
  assert.deepEqual(Object.keys(SAID.pt), Object.keys(SAID.es));
});

test("a sentence begins with a capital, and a name in it stays as it is written", () => {
  assert.deepEqual(["no mirror; set one", "água", "Ready.", "/disk is full", "or_1.toml: no", "a.mp4 is gone", ""].map(sentence), ["No mirror; set one.", "Água.", "Ready.", "/disk is full.", "or_1.toml: no.", "a.mp4 is gone.", "."]);
});
