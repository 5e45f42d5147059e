"""Pictures of answers, as neutral descriptions: what is drawn where, and how sure it is.

    picture      what a picture is: kind, axes, points with their intervals; how it is written
    of_tables    which pictures fit a released table
    ages         the years of an age band
    base_map     what a base map must be to be drawn on
    of_views     which fit what is seen of one: shares, changes, medians, the largest

Nothing here knows a library that draws, a language or a colour: `pictures.js` of the coordinator
turns a description into a drawing, and docs/pictures.md says how uncertainty looks in it.
"""

from corridor.publishing.pictures.of_tables import pictures_of
from corridor.publishing.pictures.of_views import picture_of_view
from corridor.publishing.pictures.picture import Kind, Note, Picture, Point

__all__ = ["Kind", "Note", "Picture", "Point", "picture_of_view", "pictures_of"]
