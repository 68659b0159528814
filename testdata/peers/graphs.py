"""Engines that run the graph that torch.onnx exports: onnxruntime, and OpenVINO in float32."""

import rounds


def engines(model, x, path, threads):
    """{name: a function that runs the graph of model on x, with so many threads} of the engines that are here.

    The graph is written to path. A line says which engines are not here.
    """
    if not rounds.peer("onnx"):
        return {}
    import torch

    torch.onnx.export(model, (x,), path, input_names=["x"], output_names=["y"], dynamo=False)
    numbers, works = x.numpy(), {}
    if onnxruntime := rounds.peer("onnxruntime"):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        works["onnxruntime"] = lambda: session.run(None, {"x": numbers})
    if openvino := rounds.peer("openvino"):
        request = openvino.Core().compile_model(path, "CPU", {
            "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False,
        }).create_infer_request()
        works["OpenVINO"] = lambda: request.infer({0: numbers})
    return works
