# Stands in for setuptools while `pip download` fetches a source distribution.
#
# pip wants a package's metadata even when it is only to download it, and gets it by running the
# package's own setup.py. With this file first on the path it asks here instead and is given the
# metadata that lies in the archive, so nothing of the package is run.
import os
import sys

__legacy__ = sys.modules[__name__]


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    with open("PKG-INFO", encoding="utf-8") as file:
        metadata = file.read()
    fields = dict(line.split(": ", 1) for line in metadata.splitlines()[:20] if ": " in line)
    name = fields["Name"].replace("-", "_") + "-" + fields["Version"] + ".dist-info"
    os.makedirs(os.path.join(metadata_directory, name))
    with open(os.path.join(metadata_directory, name, "METADATA"), "w", encoding="utf-8") as file:
        file.write(metadata)
    return name
