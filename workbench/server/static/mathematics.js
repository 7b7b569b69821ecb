// in the place of MathJax, which JupyterLab asks for and no page needs: text stays as it is
const nothing = () => {};
window.MathJax = { Hub: { Config: nothing, Configured: nothing, Queue: nothing, Register: { StartupHook: nothing } } };
