// What a page says while it is made, and where it is not, in Spanish.
export const WAITING_ES = {
  wait_title: "Abriendo la página",
  wait_how: "Tarda unos segundos.",
  wait_failed: "La página no se abrió",
  wait_noAnswer: "Su programa no respondió. Recargue la página; si eso no ayuda, avise al administrador.",
  wait_part: "Una parte falló ({what}). Recargue la página; si eso no ayuda, avise al administrador.",
  wait_stopped: "El servidor se detuvo mientras hacía la página. Recargue la página; si eso no ayuda, avise al administrador.",
  back: "Volver a la biblioteca",
  nothing_to_review: "Nada que revisar aquí",
  nothing_to_compare: "Nada que comparar aquí",
  no_times: "No hay tiempos que mostrar aquí",
};
