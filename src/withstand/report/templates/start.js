explorePicks();
document.querySelectorAll(".scroll > table").forEach(exploreTable);
document.querySelectorAll(".gallery[data-explore]").forEach(explorePictures);
exploreFigures();
readView();
drawView();
if (location.hash) goToPlace();
addEventListener("hashchange", () => {
  readView();
  changed();
  goToPlace();
});
document.documentElement.classList.add("explorable");
