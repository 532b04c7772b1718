"""The four services of the programme."""

from shared.collector import spare_the_collector

# Here, for it comes before all else a process of theirs imports: that, too, makes many objects.
spare_the_collector()
