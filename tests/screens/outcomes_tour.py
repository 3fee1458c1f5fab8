"""Every outcome of a tap, refusals above all, as the screen tells it whatever the scene."""

from terminal import outcomes
from terminal.ui import texts


def walk(tour):
    tour.provision(price=1200)
    for kind in texts.OUTCOMES:
        tour.terminal.ui.outcome(outcomes.Outcome(kind, 12_00, 38_00))
        tour.snap(kind)
    tour.terminal.ui.outcome(outcomes.Outcome(outcomes.HOTLISTED))
    tour.snap("no amount")
    tour.terminal.ui.rows(texts.SERVICE, list(texts.SCENES.values()), 4)
    tour.snap("a list")
