// What a page says while it is made, and where it is not, in Portuguese.
export const WAITING_PT = {
  wait_title: "Abrindo a página",
  wait_how: "Isto leva alguns segundos.",
  wait_failed: "A página não abriu",
  wait_noAnswer: "O programa dela não respondeu. Recarregue a página; se isso não ajudar, avise o administrador.",
  wait_part: "Uma parte dela falhou ({what}). Recarregue a página; se isso não ajudar, avise o administrador.",
  wait_stopped: "O servidor parou enquanto fazia a página. Recarregue a página; se isso não ajudar, avise o administrador.",
  back: "Voltar à biblioteca",
  nothing_to_review: "Nada a revisar aqui",
  nothing_to_compare: "Nada a comparar aqui",
  no_times: "Não há tempos a mostrar aqui",
};
