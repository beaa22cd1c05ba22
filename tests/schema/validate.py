#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Validates the JSON on standard input by a schema of this directory. usage: validate.py SCHEMA (a file name, such as features-schema.json)"""
import json
import pathlib
import sys
import warnings

import jsonschema

warnings.simplefilter("ignore", DeprecationWarning)  # RefResolver: the packaged versions know nothing newer

here = pathlib.Path(__file__).resolve().parent
schema = json.loads((here / sys.argv[1]).read_text())
resolver = jsonschema.RefResolver((here / sys.argv[1]).as_uri(), schema)
validator = jsonschema.Draft4Validator(schema, resolver=resolver)
errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(json.load(sys.stdin))]
if errors:
    print("\n".join(errors))
sys.exit(1 if errors else 0)
