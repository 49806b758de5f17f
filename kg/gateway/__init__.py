"""A gateway: events of a VTN become writes to a plant, what the plant says becomes opts and reports."""
