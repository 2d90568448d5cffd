"""Notifications as storages really send them."""

import json
from typing import Any

import pytest

from application.storage.notifications import EventKind, StorageEvent, parse_notification
from domain.refusals import InvalidInputError

# The example of Amazon's page "Event message structure".
AWS = """{
   "Records":[
      {
         "eventVersion":"2.1",
         "eventSource":"aws:s3",
         "awsRegion":"us-west-2",
         "eventTime":"1970-01-01T00:00:00.000Z",
         "eventName":"ObjectCreated:Put",
         "userIdentity":{"principalId":"AIDAJDPLRKLG7UEXAMPLE"},
         "requestParameters":{"sourceIPAddress":"172.16.0.1"},
         "responseElements":{
            "x-amz-request-id":"C3D13FE58DE4C810",
            "x-amz-id-2":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"
         },
         "s3":{
            "s3SchemaVersion":"1.0",
            "configurationId":"testConfigRule",
            "bucket":{
               "name":"amzn-s3-demo-bucket",
               "ownerIdentity":{"principalId":"A3NL1KOZZKExample"},
               "arn":"arn:aws:s3:::amzn-s3-demo-bucket"
            },
            "object":{
               "key":"HappyFace.jpg",
               "size":1024,
               "eTag":"d41d8cd98f00b204e9800998ecf8427e",
               "versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko",
               "sequencer":"0055AED6DCD90281E5"
            }
         }
      }
   ]
}"""
TEST_EVENT = """{
   "Service":"Amazon S3",
   "Event":"s3:TestEvent",
   "Time":"2014-10-13T15:57:02.089Z",
   "Bucket":"amzn-s3-demo-bucket",
   "RequestId":"5582815E1AEA5ADF",
   "HostId":"8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE"
}"""
# The example of Amazon's page "EventBridge event message structure".
EVENTBRIDGE = """{
  "version": "0",
  "id": "17793124-05d4-b198-2fde-7ededc63b103",
  "detail-type": "Object Created",
  "source": "aws.s3",
  "account": "111122223333",
  "time": "2021-11-12T00:00:00Z",
  "region": "ca-central-1",
  "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
  "detail": {
    "version": "0",
    "bucket": {"name": "amzn-s3-demo-bucket1"},
    "object": {
      "key": "example-key",
      "size": 5,
      "etag": "b1946ac92492d2347c6235b4d2611184",
      "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
      "sequencer": "617f08299329d189"
    },
    "request-id": "N4N7GDK58NMKJ12R",
    "requester": "123456789012",
    "source-ip-address": "1.2.3.4",
    "reason": "PutObject"
  }
}"""
MINIO = """{
  "EventName": "s3:ObjectCreated:Put",
  "Key": "images/my photos/a+b.jpg",
  "Records": [
    {
      "eventVersion": "2.0",
      "eventSource": "minio:s3",
      "awsRegion": "",
      "eventTime": "2017-03-30T08:00:41Z",
      "eventName": "s3:ObjectCreated:Put",
      "userIdentity": {"principalId": "minio"},
      "requestParameters": {"sourceIPAddress": "127.0.0.1:38062"},
      "responseElements": {"x-amz-request-id": "14B09A09703FC47B", "x-minio-origin-endpoint": "http://127.0.0.1:9000"},
      "s3": {
        "s3SchemaVersion": "1.0",
        "configurationId": "Config",
        "bucket": {"name": "images", "ownerIdentity": {"principalId": "minio"}, "arn": "arn:aws:s3:::images"},
        "object": {
          "key": "my+photos%2Fa%2Bb.jpg",
          "size": 6474,
          "eTag": "a3410f4f8788b510d6f19c5067e60a90",
          "sequencer": "14B09A09703FC47B"
        }
      },
      "source": {"host": "127.0.0.1", "port": "38062", "userAgent": "MinIO (linux; amd64)"}
    }
  ]
}"""
# What the filer of SeaweedFS 4.48 sent for PUTs into a bucket with versions and into one without.
SEAWEEDFS_VERSIONED = (
    '{"event_type":"create","key":"/buckets/clips/int_1/upl_1/my file+\u00fc.txt.versions/v_671566ac2aedab973a1256cb'
    '57599092","message":{"new_entry":{"name":"v_671566ac2aedab973a1256cb57599092","attributes":{"file_size":180000,"mime":'
    '"text/plain","md5":"Hdj0Mt4IxstaO7UYY4eBHQ=="},"extended":{"Seaweed-X-Amz-ETag":"MWRkOGY0MzJkZTA4YzZjYjVhM2JiNTE4'
    'NjM4NzgxMWQ=","Seaweed-X-Amz-Version-Id":"NjcxNTY2YWMyYWVkYWI5NzNhMTI1NmNiNTc1OTkwOTI="}},"delete_chunks":true,'
    '"new_parent_path":"/buckets/clips/int_1/upl_1/my file+\u00fc.txt.versions","signatures":[-1677719655]}}'
)
SEAWEEDFS_LATEST = (
    '{"event_type":"update","key":"/buckets/clips/int_1/upl_1/my file+\u00fc.txt.versions","message":{"old_entry":{'
    '"name":"my file+\u00fc.txt.versions","is_directory":true,"attributes":{"mtime":1795415987}},"new_entry":{"name":'
    '"my file+\u00fc.txt.versions","is_directory":true,"attributes":{"mtime":1795415987},"extended":{'
    '"Seaweed-X-Amz-Latest-Version-ETag":"MWRkOGY0MzJkZTA4YzZjYjVhM2JiNTE4NjM4NzgxMWQ=",'
    '"Seaweed-X-Amz-Latest-Version-Id":"NjcxNTY2YWMyYWVkYWI5NzNhMTI1NmNiNTc1OTkwOTI=",'
    '"Seaweed-X-Amz-Latest-Version-Size":"MTgwMDAw"}},"new_parent_path":"/buckets/clips/int_1/upl_1"}}'
)
SEAWEEDFS_DELETED = (
    '{"event_type":"delete","key":"/buckets/clips/int_1/a.txt","message":{"old_entry":{"name":"a.txt","attributes":'
    '{"file_size":180000,"md5":"Hdj0Mt4IxstaO7UYY4eBHQ=="},"extended":{"Seaweed-X-Amz-ETag":"MWRkOGY0MzJkZTA4YzZjYjVhM2'
    'JiNTE4NjM4NzgxMWQ="}},"delete_chunks":true,"signatures":[-1677719655]}}'
)
SEAWEEDFS_FOLDER = (
    '{"event_type":"create","key":"/buckets/clips/int_1","message":{"new_entry":{"name":"int_1","is_directory":true,'
    '"attributes":{"file_mode":2147484153}},"new_parent_path":"/buckets/clips","signatures":[-1677719655]}}'
)
HAPPY_FACE = StorageEvent(
    bucket="amzn-s3-demo-bucket",
    key="HappyFace.jpg",
    kind=EventKind.CREATED,
    etag="d41d8cd98f00b204e9800998ecf8427e",
    size_bytes=1024,
    version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
)
OF_EVENTBRIDGE = StorageEvent(
    bucket="amzn-s3-demo-bucket1",
    key="example-key",
    kind=EventKind.CREATED,
    etag="b1946ac92492d2347c6235b4d2611184",
    size_bytes=5,
    version_id="IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
)


def events_of(notification: str) -> list[StorageEvent]:
    events = parse_notification(notification.encode())
    assert events is not None
    return list(events)


def record(name: str, key: str) -> dict[str, Any]:
    return {"eventName": name, "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}


def test_an_event_of_s3_is_read() -> None:
    assert events_of(AWS) == [HAPPY_FACE]


def test_an_event_of_minio_is_read_from_its_records() -> None:
    assert events_of(MINIO) == [
        StorageEvent(
            bucket="images",
            key="my photos/a+b.jpg",
            kind=EventKind.CREATED,
            etag="a3410f4f8788b510d6f19c5067e60a90",
            size_bytes=6474,
        )
    ]


def test_an_event_of_minio_without_records_is_read_from_its_key() -> None:
    notification = {"EventName": "s3:ObjectRemoved:Delete", "Key": "images/my photos/a+b.jpg"}

    assert events_of(json.dumps(notification)) == [
        StorageEvent(bucket="images", key="my photos/a+b.jpg", kind=EventKind.REMOVED)
    ]


def test_an_event_of_eventbridge_is_read_and_its_key_is_not_decoded() -> None:
    assert events_of(EVENTBRIDGE) == [OF_EVENTBRIDGE]
    assert events_of(EVENTBRIDGE.replace("example-key", "a+b%20c"))[0].key == "a+b%20c"
    assert events_of(EVENTBRIDGE.replace("Object Created", "Object Deleted"))[0].kind is EventKind.REMOVED
    assert events_of(EVENTBRIDGE.replace("Object Created", "Object Tags Added")) == []


@pytest.mark.parametrize(("inner", "event"), [(AWS, HAPPY_FACE), (EVENTBRIDGE, OF_EVENTBRIDGE)])
def test_what_sns_wraps_is_unwrapped(inner: str, event: StorageEvent) -> None:
    envelope = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:us-west-2:123456789012:MyTopic",
        "Message": inner,
        "Timestamp": "2012-05-02T00:54:06.655Z",
    }

    assert events_of(json.dumps(envelope)) == [event]


def test_a_file_of_seaweedfs_is_created_with_the_etag_that_s3_gives() -> None:
    created = SEAWEEDFS_DELETED.replace('"delete"', '"create"').replace("old_entry", "new_entry")

    assert events_of(created) == [
        StorageEvent(
            bucket="clips",
            key="int_1/a.txt",
            kind=EventKind.CREATED,
            etag="1dd8f432de08c6cb5a3bb5186387811d",
            size_bytes=180000,
        )
    ]


def test_a_version_of_seaweedfs_is_there_when_it_is_the_latest() -> None:
    assert events_of(SEAWEEDFS_VERSIONED) == []
    assert events_of(SEAWEEDFS_LATEST) == [
        StorageEvent(
            bucket="clips",
            key="int_1/upl_1/my file+ü.txt",
            kind=EventKind.CREATED,
            etag="1dd8f432de08c6cb5a3bb5186387811d",
            version_id="671566ac2aedab973a1256cb57599092",
        )
    ]


def test_a_file_that_seaweedfs_deleted_is_removed_and_its_folders_are_nothing() -> None:
    (event,) = events_of(SEAWEEDFS_DELETED)

    assert (event.bucket, event.key, event.kind) == ("clips", "int_1/a.txt", EventKind.REMOVED)
    assert events_of(SEAWEEDFS_FOLDER) == []


def test_a_file_that_seaweedfs_renamed_is_gone_here_and_there_now() -> None:
    renamed = json.loads(SEAWEEDFS_DELETED)
    renamed["event_type"] = "rename"
    renamed["message"] |= {"new_entry": {"name": "b.txt"}, "new_parent_path": "/buckets/clips/int_2"}

    assert [(event.key, event.kind) for event in events_of(json.dumps(renamed))] == [
        ("int_1/a.txt", EventKind.REMOVED),
        ("int_2/b.txt", EventKind.CREATED),
    ]


def test_a_test_event_holds_nothing() -> None:
    assert events_of(TEST_EVENT) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ObjectCreated:CompleteMultipartUpload", EventKind.CREATED),
        ("s3:ObjectCreated:Post", EventKind.CREATED),
        ("ObjectRemoved:DeleteMarkerCreated", EventKind.REMOVED),
        ("LifecycleExpiration:Delete", EventKind.REMOVED),
        ("ObjectRestore:Completed", None),
        ("s3:ObjectAccessed:Get", None),
    ],
)
def test_what_neither_creates_nor_removes_is_nothing(name: str, kind: EventKind | None) -> None:
    events = events_of(json.dumps({"Records": [record(name, "a+b%C3%BC")]}))

    assert [(event.kind, event.key) for event in events] == ([] if kind is None else [(kind, "a bü")])


@pytest.mark.parametrize(
    "notification",
    [
        {},
        [],
        None,
        1,
        {"Records": [{"eventName": "ObjectCreated:Put"}]},
        {"Records": [record("ObjectCreated:Put", "a"), "?"]},
        {"Records": {}},
        {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://example.org"},
        {"detail-type": "Object Created", "detail": {}},
        {"EventName": "s3:ObjectCreated:Put", "Key": "bucket"},
        {"event_type": "create", "key": "a", "message": {}},
    ],
)
def test_an_unknown_notification_is_ignored(notification: object) -> None:
    assert parse_notification(json.dumps(notification).encode()) is None


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"Records=1", b"[" * 100_000, b'{"Type":"Notification","Message":"no JSON"}']
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_notification(body)

    assert caught.value.code == "invalid_notification"
