"""Device mappings: which point of which device means what, and the check before anything is written to one.

A mapping is a W3C WoT Thing Description 1.1 (one device) or Thing Model (a kind of device).
``kg.devices.check``
judges mappings, ``kg.devices.importers`` makes them, ``kg.devices.commands`` turns a signal or a value into
the exact writes, or says why not. Nothing here reaches a device: writing is the gateway's own step.
"""
