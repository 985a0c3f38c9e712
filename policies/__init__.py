"""The policies: what must hold in every stack, judged over a Plan before anything is applied."""
