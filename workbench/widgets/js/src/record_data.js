// The event's data: a code in clear, and names that are sealed.
import { element } from "./dom.js";

const TEXTS = ["patient_name", "medical_record", "notes"];

export class EventData {
  /** @param {() => void} seal called where names are to be sealed while it is recorded */
  constructor(say, seal) {
    this.say = say;
    this.fields = {
      procedure_code: element("input", { id: "wb-procedure", maxlength: 64, pattern: "[A-Za-z0-9][A-Za-z0-9_.:\\/@+\\-]*", autocomplete: "off", "aria-describedby": "wb-procedure-how" }),
      patient_name: element("input", { id: "wb-patient", maxlength: 500, autocomplete: "off" }),
      medical_record: element("input", { id: "wb-medical", maxlength: 500, autocomplete: "off" }),
      physician_names: element("textarea", { id: "wb-physicians", rows: 2, maxlength: 2000, autocomplete: "off" }),
      notes: element("textarea", { id: "wb-notes", rows: 2, maxlength: 5000, autocomplete: "off" }),
    };
    const line = (key, words, how = null) => element("div", { class: "wb-field" }, element("label", { for: this.fields[key].id }, say(words)), this.fields[key], how);
    this.procedure = line("procedure_code", "rec_procedure", element("span", { id: "wb-procedure-how", class: "wb-muted" }, say("rec_procedureHow")));
    this.button = element("button", { type: "submit", hidden: true }, say("rec_seal"));
    this.root = element("form", { class: "wb-data", "aria-label": say("rec_data"), onsubmit: (event) => {
      event.preventDefault();
      if (!this.button.hidden) seal();
    } },
      element("h2", {}, say("rec_data")), this.procedure,
      line("patient_name", "rec_patient"), line("medical_record", "rec_medical"), line("physician_names", "rec_physicians"), line("notes", "rec_notes"),
      element("p", { class: "wb-muted" }, say("rec_sealedHow")), this.button);
  }

  /** Before a recording its code can be written; while it goes on, names can be sealed. */
  become(isRecording) {
    this.procedure.hidden = isRecording;
    this.button.hidden = !isRecording;
  }

  get procedure_code() {
    return this.fields.procedure_code.value.trim();
  }

  /** Whether what is written is a code. */
  get isCode() {
    return this.fields.procedure_code.checkValidity();
  }

  /** The names that are written, as the interface wants them. */
  get names() {
    const found = Object.fromEntries(TEXTS.map((key) => [key, this.fields[key].value.trim()]).filter(([, text]) => text));
    const physicians = this.fields.physician_names.value.split("\n").map((each) => each.trim()).filter(Boolean);
    return physicians.length ? { ...found, physician_names: physicians } : found;
  }

  /** Nobody who comes after reads on the screen what is sealed. */
  clear() {
    this.fields.procedure_code.value = "";
    this.clearNames();
  }

  clearNames() {
    for (const key of [...TEXTS, "physician_names"]) this.fields[key].value = "";
  }

  focus() {
    const first = this.procedure.hidden ? this.fields.patient_name : this.fields.procedure_code;
    first.focus();
    first.scrollIntoView({ block: "nearest" });
  }
}
