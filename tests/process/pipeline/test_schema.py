"""config/pipelines/pipeline.schema.json against the reader of pipelines: both take the same files and
refuse the same, and all pipelines that are shipped are among the former. What the schema cannot say
is listed, and refused by the reader alone.
"""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

import jsonschema

FOLDER = Path(os.environ["BULKHEAD_CONFIG"]) / "pipelines"
READER = os.environ["BULKHEAD_READS_PIPELINES"]
SCHEMA = json.loads((FOLDER / "pipeline.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

LABEL = "l" * 64
TRIANGLE = [[0, 0], [1, 0], [1, 1]]


def text_without_comments(file):
    """Comments stand at the end of a line, or alone on it, and nothing else there has two slashes."""
    return re.sub(r"(^|\s)//.*$", "", file.read_text(), flags=re.MULTILINE)


def read_all(pipelines):
    """What the reader makes of each: a pipeline, or the field at fault."""
    lines = "".join(json.dumps(pipeline) + "\n" for pipeline in pipelines)
    ran = subprocess.run([READER], input=lines, capture_output=True, text=True, timeout=30, check=True)
    answers = ran.stdout.splitlines()
    assert len(answers) == len(pipelines), ran.stdout
    return [json.loads(answer) if answer.startswith("{") else answer for answer in answers]


def whole():
    """Every stage and every field at once."""
    classify = {"type": "classify", "attribute": "body", "model": "m", "pixels": "rgb_1",
                "threads": 2, "activation": "sigmoid", "minConfidence": 0.7, "classes": ["van"],
                "labels": ["van", "car"], "votes": 9, "everyN": 3,
                "of": {"classes": ["car"], "minConfidence": 0.5, "minSide": 40, "padding": 0.1,
                       "zones": ["gate"]}}
    read = {"type": "read", "attribute": "text", "model": "m", "pixels": "bgr_255", "threads": 1,
            "minConfidence": 0.6, "alphabet": "01_", "blank": "_", "votes": 1, "everyN": 1, "of": {}}
    plate = {"type": "detect", "attribute": "plate", "model": "m", "engine": "onnxruntime",
             "layout": "yolov5_landmarks", "input": {"width": 320, "height": 320},
             "minConfidence": 0.4, "nmsIou": 0.5, "classes": ["p"], "labels": ["p"], "threads": 1,
             "perClass": {"p": {"nmsIou": 0.4}}, "votes": 5, "everyN": 2, "of": {"minSide": 60},
             "stages": [read]}
    root = {"type": "detect", "model": "yolo11n", "engine": "opencv", "layout": "yolov8",
            "input": {"width": 640, "height": 384}, "minConfidence": 0.35, "nmsIou": 0.45,
            "classes": ["car"], "labels": ["car", "person"], "threads": 4,
            "perClass": {"car": {"minConfidence": 0.5, "nmsIou": 0.6}, "person": {"nmsIou": 0.6}},
            "everyN": 2, "motion": {"minArea": 0.01, "floorFps": 0.5},
            "region": {"xMin": 0.1, "yMin": 0.2, "xMax": 0.9, "yMax": 1}, "masks": [TRIANGLE],
            "stages": [plate, classify]}
    return {"$schema": "pipeline.schema.json", "name": "all", "maxFps": 7.5, "track": True,
            "cropBudgetMs": 60, "cropThreads": 2, "stages": [root]}


ROOT = ("stages", 0)
PLATE = ROOT + ("stages", 0)
READ = PLATE + ("stages", 0)
CLASSIFY = ROOT + ("stages", 1)
ABSENT = object()


def changed(place, value):
    pipeline = whole()
    at = pipeline
    for step in place[:-1]:
        at = at[step]
    if value is ABSENT:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return pipeline


def numbers(place, least, most, past, fraction=False):
    good = [(place, least), (place, most)]
    bad = [(place, past[0]), (place, past[1]), (place, "5"), (place, True), (place, [])]
    if not fraction:
        bad.append((place, least + 0.5))
    return good, bad


def table():
    """(place, value) of one change each to the pipeline that has everything: good ones, bad ones."""
    good = [(ROOT + ("layout",), name) for name in ("auto", "yolox", "yolov5", "yolov10")]
    bad = [(ROOT + ("layout",), "yolov4"), (ROOT + ("engine",), "tensorrt"), (ROOT + ("engine",), 1)]
    share = ((0, 1), (-0.01, 1.01))
    for place in (ROOT + ("minConfidence",), ROOT + ("nmsIou",), PLATE + ("minConfidence",),
                  READ + ("minConfidence",), CLASSIFY + ("minConfidence",),
                  CLASSIFY + ("of", "padding"), CLASSIFY + ("of", "minConfidence"),
                  ROOT + ("perClass", "car", "minConfidence"), ROOT + ("perClass", "car", "nmsIou"),
                  PLATE + ("perClass", "p", "nmsIou")):
        more = numbers(place, *share[0], share[1], fraction=True)
        good, bad = good + more[0], bad + more[1]
    for place, least, most, past, fraction in (
            (("maxFps",), 0, 1000, (-0.1, 1000.1), True),
            (("cropBudgetMs",), 1, 1000, (0, 1001), False),
            (("cropThreads",), 1, 8, (0, 9), False),
            (ROOT + ("threads",), 1, 64, (0, 65), False),
            (READ + ("threads",), 1, 64, (0, 65), False),
            (ROOT + ("input", "width"), 32, 2048, (31, 2049), False),
            (ROOT + ("everyN",), 1, 1000, (0, 1001), False),
            (CLASSIFY + ("everyN",), 1, 1000, (0, 1001), False),
            (CLASSIFY + ("votes",), 1, 1000, (0, 1001), False),
            (CLASSIFY + ("of", "minSide"), 1, 8192, (0, 8193), False),
            (ROOT + ("motion", "minArea"), 0.0005, 1, (0.0004, 1.01), True),
            (ROOT + ("motion", "floorFps"), 0.1, 1000, (0.09, 1000.1), True),
            (ROOT + ("region", "xMin"), 0, 0.89, (-0.01, 1.01), True),
            (ROOT + ("region", "yMax"), 0.22, 1, (-0.01, 1.01), True)):
        more = numbers(place, least, most, past, fraction)
        good, bad = good + more[0], bad + more[1]
    good += [
        (("$schema",), ABSENT), (("maxFps",), ABSENT), (("track",), False), (("name",), "a" * 64),
        (ROOT + ("stages",), []), (ROOT + ("stages",), ABSENT), (READ + ("alphabet",), "_" * 256),
        (ROOT + ("classes",), [LABEL] * 1024), (CLASSIFY + ("labels",), [LABEL]),
        (ROOT + ("classes",), []), (ROOT + ("model",), "m" * 1024),
        (ROOT + ("perClass",), {}), (ROOT + ("perClass",), {LABEL: {"nmsIou": 0}}),
        (ROOT + ("perClass",), {str(i): {"nmsIou": 0} for i in range(128)}),
        (ROOT + ("motion",), {}), (ROOT + ("region",), {}), (ROOT + ("masks",), []),
        (ROOT + ("masks",), [TRIANGLE] * 16),
        (ROOT + ("masks",), [[[i / 64, (i / 64) ** 2] for i in range(64)]]),
        (PLATE + ("stages",), []), (CLASSIFY + ("of", "zones"), ["gate"] * 32)]
    bad += [
        (("name",), ABSENT), (("name",), "a" * 65), (("name",), ".a"), (("name",), "a/b"),
        (("name",), ""), (("nmae",), "x"), (("track",), 1), (("stages",), []), (("stages",), {}),
        (("stages",), ABSENT), (("stages",), ["detect"]), (("stages",), whole()["stages"] * 2),
        (ROOT + ("type",), "classify"), (ROOT + ("type",), ABSENT), (ROOT + ("model",), ABSENT),
        (ROOT + ("model",), ""), (ROOT + ("model",), "m" * 1025), (ROOT + ("modle",), "m"),
        (ROOT + ("attribute",), "a"), (ROOT + ("of",), {}), (ROOT + ("votes",), 1),
        (ROOT + ("input",), {"width": 64}), (ROOT + ("input", "depth"), 3), (ROOT + ("input",), 640),
        (ROOT + ("classes",), [LABEL] * 1025), (ROOT + ("classes",), [LABEL + "l"]),
        (ROOT + ("classes",), [""]), (ROOT + ("classes",), "car"), (ROOT + ("classes",), [1]),
        (ROOT + ("perClass",), {str(i): {"nmsIou": 0} for i in range(129)}),
        (ROOT + ("perClass",), {LABEL + "l": {"nmsIou": 0}}), (ROOT + ("perClass",), {"": {"nmsIou": 0}}),
        (ROOT + ("perClass",), {"car": {}}), (ROOT + ("perClass",), {"car": 0.5}),
        (ROOT + ("perClass",), ["car"]), (ROOT + ("perClass", "car", "maxFps"), 1),
        (ROOT + ("motion",), True), (ROOT + ("motion", "area"), 0.1), (ROOT + ("region",), [0, 0, 1, 1]),
        (ROOT + ("region", "width"), 1), (ROOT + ("masks",), TRIANGLE), (ROOT + ("masks",), [[]]),
        (ROOT + ("masks",), [TRIANGLE[:2]]), (ROOT + ("masks",), [TRIANGLE] * 17),
        (ROOT + ("masks",), [[[i / 65, (i / 65) ** 2] for i in range(65)]]),
        (ROOT + ("masks",), [[[0, 0], [1, 0], [1, 1.01]]]), (ROOT + ("masks",), [[[0, 0], [1, 0], [1]]]),
        (PLATE + ("region",), {}), (PLATE + ("masks",), []), (PLATE + ("motion",), {}),
        (PLATE + ("attribute",), ABSENT), (PLATE + ("attribute",), "a" * 65), (PLATE + ("of",), []),
        (PLATE + ("type",), "blur"), (PLATE + ("type",), ABSENT), (PLATE + ("pixels",), "rgb_1"),
        (CLASSIFY + ("stages",), []), (CLASSIFY + ("nmsIou",), 0.5), (CLASSIFY + ("alphabet",), "_"),
        (CLASSIFY + ("pixels",), "yuv"), (CLASSIFY + ("activation",), "relu"),
        (CLASSIFY + ("of", "zones"), "gate"), (CLASSIFY + ("of", "zones"), [""]),
        (CLASSIFY + ("of", "zones"), ["gate"] * 33), (READ + ("of", "zones"), ["gate"]),
        (CLASSIFY + ("of", "minSize"), 3), (READ + ("classes",), ["a"]), (READ + ("blank",), "__"),
        (READ + ("alphabet",), "_" * 257), (READ + ("perClass",), {}),
        (READ, {"type": "detect", "attribute": "deep", "model": "m",
                "stages": [{"type": "read", "attribute": "deeper", "model": "m"}]})]
    return good, bad


# What JSON Schema has no words for.
READER_ALONE = [
    (CLASSIFY + ("attribute",), "plate"),
    (ROOT + ("stages",), [{"type": "read", "attribute": f"a{i}", "model": "m"} for i in range(14)]
     + [{"type": "detect", "attribute": "last", "model": "m",
         "stages": [{"type": "read", "attribute": "one more", "model": "m"}]}]),
    (READ + ("alphabet",), "0123"),
    (ROOT + ("classes",), ["\u00e4" * 33]),
    (ROOT + ("classes",), ["a\nb"]),
    (ROOT + ("region", "xMax"), 0.05),
    (ROOT + ("masks",), [[[0, 0], [1, 1], [1, 0], [0, 1]]]),
    (ROOT + ("masks",), [[[0, 0], [0, 0], [1, 0]]]),
]


class PipelineSchema(unittest.TestCase):
    def setUp(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_every_shipped_pipeline_conforms_and_is_read(self):
        files = [file for file in FOLDER.glob("*.json") if not file.name.endswith(".schema.json")]
        self.assertGreaterEqual(len(files), 5)
        pipelines = [json.loads(text_without_comments(file)) for file in files]
        for file, pipeline, said in zip(files, pipelines, read_all(pipelines)):
            self.assertEqual([error.message for error in VALIDATOR.iter_errors(pipeline)], [], file)
            self.assertIsInstance(said, dict, file)
            self.assertEqual(pipeline["$schema"], "pipeline.schema.json", file)

    def test_what_is_good_to_the_one_is_good_to_the_other(self):
        good, _ = table()
        pipelines = [whole()] + [changed(*case) for case in good]
        for case, pipeline, said in zip([None] + good, pipelines, read_all(pipelines)):
            self.assertEqual([error.message for error in VALIDATOR.iter_errors(pipeline)], [], case)
            self.assertIsInstance(said, dict, (case, said))

    def test_what_is_bad_to_the_one_is_bad_to_the_other_which_names_the_place(self):
        _, bad = table()
        pipelines = [changed(*case) for case in bad]
        for case, pipeline, said in zip(bad, pipelines, read_all(pipelines)):
            self.assertFalse(VALIDATOR.is_valid(pipeline), case)
            self.assertIsInstance(said, str, case)
            # The stage at fault; a type or an input of which a part is missing is told by another.
            self.assertTrue(said.startswith(path_of(case[0][:-1])), (case, said))

    def test_what_has_no_words_in_a_schema_is_refused_by_the_reader(self):
        pipelines = [changed(*case) for case in READER_ALONE]
        for case, pipeline, said in zip(READER_ALONE, pipelines, read_all(pipelines)):
            self.assertTrue(VALIDATOR.is_valid(pipeline), case)
            self.assertIsInstance(said, str, case)

    def test_each_member_that_is_described_is_in_the_pipeline_that_has_everything(self):
        seen = set(re.findall(r'"([^"]+)":', json.dumps(whole())))
        for name in ("detector", "frames", "crop", "classifier", "reader"):
            for key in SCHEMA["$defs"][name]["properties"]:
                self.assertIn(key, seen, name)

    def test_each_default_is_what_the_reader_makes_of_an_absent_member(self):
        for name, place in (("detector", ROOT), ("frames", ROOT), ("crop", CLASSIFY),
                            ("classifier", CLASSIFY), ("reader", READ)):
            for key, member in SCHEMA["$defs"][name]["properties"].items():
                with self.subTest(name=name, key=key):
                    self.assert_default(place + (key,), member)
        for name, place in (("motion", ROOT), ("region", ROOT)):
            for key, member in SCHEMA["$defs"]["frames"]["properties"][name]["properties"].items():
                self.assert_default(place + (name, key), member)

    def assert_default(self, place, member):
        if place[-1] in ("model", "attribute"):
            return
        [at] = read_all([changed(place, ABSENT)])
        for step in place[:-1]:
            at = at[step]
        # What differs in nothing from the default is not always written.
        self.assertEqual(at.get(place[-1], member.get("default")), member.get("default"))


def path_of(place):
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else ("." if text else "") + step
    return text


if __name__ == "__main__":
    unittest.main()
