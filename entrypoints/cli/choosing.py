"""Chooses the property of the bucket's schema for a file, if the user did not."""

from domain.buckets.schema import FILE_TYPES
from domain.uploads.filenames import stem
from domain.uploads.media_types import file_types
from entrypoints.cli.errors import ClientError
from entrypoints.cli.service import Bucket


class NoPropertyFitsError(ClientError):
    """No property fits the file. `reason`: a clause for the message."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{reason}. Set the type of the file with --content-type, or store it without an object with --no-object",
            "no_property_fits",
        )
        self.reason = reason


def choose_property(bucket: Bucket, filename: str, content_type: str) -> str:
    """Return the property that fits: the one with the file's name, otherwise the only one of the best type."""
    fitting = file_types(content_type)
    types = {name: kind.type for name, kind in bucket.bucket_schema.properties.items()} if bucket.bucket_schema else {}
    named = stem(filename)
    if types.get(named) in fitting:
        return named
    for kind in fitting:
        names = [name for name, found in types.items() if found == kind]
        if len(names) == 1:
            return names[0]
        if names:
            raise ClientError(
                f"{content_type} fits several properties of the bucket {bucket.bucket_name} ({', '.join(names)}):"
                " choose one with --property",
                "several_properties_fit",
            )
    files = [f"{name} ({kind})" for name, kind in types.items() if kind in FILE_TYPES]
    has = f"it has {', '.join(files)}" if files else "it has none for files"
    raise NoPropertyFitsError(f"{content_type} fits no property of the bucket {bucket.bucket_name}: {has}")
