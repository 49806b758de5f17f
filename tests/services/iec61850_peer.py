"""An IEC 61850 server and client of libiec61850: operate a control, read its value back.

Takes the message of a command as JSON and prints the value read. In a process of its own, because a call of
this library does not always return.
"""

import json
import os
import socket
import sys


def main() -> None:
    """Play both sides."""
    import pyiec61850 as iec

    told = json.loads(sys.argv[1])
    control, _, leaf = told["reference"].partition(".Oper.")
    assert leaf == "ctlVal.f"
    device, _, path = control.partition("/")
    node, _, data_object = path.partition(".")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        where = one.getsockname()[1]
    model = iec.IedModel_create("")
    logical = iec.LogicalDevice_create(device, model)
    iec.LogicalNode_create("LLN0", logical)
    owner = iec.toModelNode(iec.LogicalNode_create(node, logical))
    iec.CDC_APC_create(data_object, owner, 0, iec.CDC_CTL_MODEL_DIRECT_NORMAL, False)
    server = iec.IedServer_create(model)
    iec.IedServer_start(server, where)
    line = iec.IedConnection_create()
    assert iec.IedServer_isRunning(server)
    assert iec.IedConnection_connect(line, "127.0.0.1", where) == 0
    client = iec.ControlObjectClient_create(control, line)
    body = iec.MmsValue_createEmptyStructure(1)
    iec.MmsValue_setElement(body, 0, iec.MmsValue_newFloat(float(told["value"])))
    assert iec.ControlObjectClient_operate(client, body, 0)
    read, error = iec.IedConnection_readFloatValue(line, told["reference"], iec.IEC61850_FC_CO)
    assert error == 0
    print(read, flush=True)
    os._exit(0)  # its threads need not be waited for


if __name__ == "__main__":
    main()
