import assert from "node:assert/strict";
import test from "node:test";
import { PAGE_WORDS } from "../../../workbench/widgets/js/src/model/page_words.js";
import { problemText, SAID, saidText } from "../../../workbench/widgets/js/src/model/problems.js";
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

test("no language lacks what another says", () => {
  assert.deepEqual(Object.keys(SAID.pt), Object.keys(SAID.es));
});
