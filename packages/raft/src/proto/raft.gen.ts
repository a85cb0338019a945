// Made from raft.proto by scripts/generate-proto.mjs (npm run generate). Not for editing.
// prettier-ignore
export const raftDescriptor = {
  "nested": {
    "batonmq": {
      "nested": {
        "raft": {
          "nested": {
            "Hello": {
              "fields": {
                "protocolVersion": {
                  "type": "uint32",
                  "id": 1,
                  "protoName": "protocol_version"
                },
                "group": {
                  "type": "string",
                  "id": 2
                },
                "from": {
                  "type": "string",
                  "id": 3
                },
                "to": {
                  "type": "string",
                  "id": 4
                },
                "refusal": {
                  "type": "string",
                  "id": 5
                },
                "address": {
                  "type": "string",
                  "id": 6
                },
                "peersIndex": {
                  "type": "uint64",
                  "id": 7,
                  "protoName": "peers_index"
                },
                "oldestVersion": {
                  "type": "uint32",
                  "id": 8,
                  "protoName": "oldest_version"
                }
              }
            },
            "Batch": {
              "fields": {
                "messages": {
                  "rule": "repeated",
                  "type": "RaftMessage",
                  "id": 1
                }
              }
            },
            "RaftMessage": {
              "oneofs": {
                "body": {
                  "oneof": [
                    "vote",
                    "voteResponse",
                    "append",
                    "appendResponse",
                    "heartbeat",
                    "heartbeatResponse",
                    "snapshot",
                    "snapshotResponse",
                    "timeoutNow"
                  ]
                }
              },
              "fields": {
                "term": {
                  "type": "uint64",
                  "id": 1
                },
                "vote": {
                  "type": "VoteRequest",
                  "id": 2
                },
                "voteResponse": {
                  "type": "VoteResponse",
                  "id": 3,
                  "protoName": "vote_response"
                },
                "append": {
                  "type": "AppendRequest",
                  "id": 4
                },
                "appendResponse": {
                  "type": "AppendResponse",
                  "id": 5,
                  "protoName": "append_response"
                },
                "heartbeat": {
                  "type": "Heartbeat",
                  "id": 6
                },
                "heartbeatResponse": {
                  "type": "HeartbeatResponse",
                  "id": 7,
                  "protoName": "heartbeat_response"
                },
                "snapshot": {
                  "type": "SnapshotChunk",
                  "id": 8
                },
                "snapshotResponse": {
                  "type": "SnapshotResponse",
                  "id": 9,
                  "protoName": "snapshot_response"
                },
                "timeoutNow": {
                  "type": "TimeoutNow",
                  "id": 10,
                  "protoName": "timeout_now"
                }
              }
            },
            "EntryKind": {
              "values": {
                "DATA": 0,
                "NOOP": 1,
                "CONFIG": 2
              }
            },
            "Configuration": {
              "fields": {
                "members": {
                  "rule": "repeated",
                  "type": "Member",
                  "id": 1
                },
                "index": {
                  "type": "uint64",
                  "id": 2
                }
              }
            },
            "Member": {
              "fields": {
                "id": {
                  "type": "string",
                  "id": 1
                },
                "address": {
                  "type": "string",
                  "id": 2
                },
                "voter": {
                  "type": "bool",
                  "id": 3
                },
                "outgoing": {
                  "type": "bool",
                  "id": 4
                },
                "learner": {
                  "type": "bool",
                  "id": 5
                }
              }
            },
            "Entry": {
              "fields": {
                "term": {
                  "type": "uint64",
                  "id": 1
                },
                "kind": {
                  "type": "EntryKind",
                  "id": 2
                },
                "data": {
                  "type": "bytes",
                  "id": 3
                }
              }
            },
            "VoteRequest": {
              "fields": {
                "pre": {
                  "type": "bool",
                  "id": 1
                },
                "lastIndex": {
                  "type": "uint64",
                  "id": 2,
                  "protoName": "last_index"
                },
                "lastTerm": {
                  "type": "uint64",
                  "id": 3,
                  "protoName": "last_term"
                },
                "transfer": {
                  "type": "bool",
                  "id": 4
                }
              }
            },
            "VoteResponse": {
              "fields": {
                "pre": {
                  "type": "bool",
                  "id": 1
                },
                "granted": {
                  "type": "bool",
                  "id": 2
                }
              }
            },
            "AppendRequest": {
              "fields": {
                "prevIndex": {
                  "type": "uint64",
                  "id": 1,
                  "protoName": "prev_index"
                },
                "prevTerm": {
                  "type": "uint64",
                  "id": 2,
                  "protoName": "prev_term"
                },
                "entries": {
                  "rule": "repeated",
                  "type": "Entry",
                  "id": 3
                },
                "commitIndex": {
                  "type": "uint64",
                  "id": 4,
                  "protoName": "commit_index"
                }
              }
            },
            "AppendResponse": {
              "fields": {
                "accepted": {
                  "type": "bool",
                  "id": 1
                },
                "index": {
                  "type": "uint64",
                  "id": 2
                },
                "hintIndex": {
                  "type": "uint64",
                  "id": 3,
                  "protoName": "hint_index"
                },
                "hintTerm": {
                  "type": "uint64",
                  "id": 4,
                  "protoName": "hint_term"
                }
              }
            },
            "Heartbeat": {
              "fields": {
                "commitIndex": {
                  "type": "uint64",
                  "id": 1,
                  "protoName": "commit_index"
                },
                "round": {
                  "type": "uint64",
                  "id": 2
                }
              }
            },
            "HeartbeatResponse": {
              "fields": {
                "round": {
                  "type": "uint64",
                  "id": 1
                }
              }
            },
            "SnapshotChunk": {
              "fields": {
                "index": {
                  "type": "uint64",
                  "id": 1
                },
                "snapshotTerm": {
                  "type": "uint64",
                  "id": 2,
                  "protoName": "snapshot_term"
                },
                "offset": {
                  "type": "uint64",
                  "id": 3
                },
                "totalBytes": {
                  "type": "uint64",
                  "id": 4,
                  "protoName": "total_bytes"
                },
                "data": {
                  "type": "bytes",
                  "id": 5
                },
                "configuration": {
                  "type": "Configuration",
                  "id": 6
                }
              }
            },
            "SnapshotResponse": {
              "fields": {
                "index": {
                  "type": "uint64",
                  "id": 1
                },
                "offset": {
                  "type": "uint64",
                  "id": 2
                },
                "installed": {
                  "type": "bool",
                  "id": 3
                }
              }
            },
            "TimeoutNow": {
              "fields": {}
            }
          }
        }
      }
    }
  }
};
