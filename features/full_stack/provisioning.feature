@integration @topology.model_provisioning @fresh_stack
Feature: A model that is on no hive is brought there when somebody asks for it

  @FULL-007 @P1
  Scenario: A client asks for an absent model: it is downloaded, catalogued, served, and the client gets its answer
    Given model-hub is offered by the hub, and on no hive
    When a client sends a chat for model-hub
    Then every request was answered, 1 in total
    And every answer is a full chat completion of the requested model
    And model-hub was downloaded once
    And model-hub is in the catalogue of one hive, ready
    And model-hub is served from the very file that the hub offers
    And the gateway offers model-hub within the convergence time
    When a client streams 5 tokens from model-hub
    Then every stream is whole

  @FULL-007 @P1
  Scenario: A download is tracked while its client waits
    Given model-large is offered by the hub, and on no hive
    When a bandwidth limit of the model hub is injected into hub
    And 1 clients wait for model-large
    Then the download of model-large is seen to progress within the download time
    When a bandwidth limit of the model hub is removed from hub
    Then every request was answered, 1 in total

  @FULL-007 @P1
  Scenario: A model that no hub offers does not exist, and nobody waits for it
    Given model-hub is offered by the hub, and on no hive
    When a client sends a chat for model-nowhere
    Then every request was refused with status 404 and code model_not_found

  @INT-011 @P1
  Scenario: Three clients want the same absent model: it is downloaded once, and all are served
    Given model-hub is offered by the hub, and on no hive
    When a bandwidth limit of the model hub is injected into hub
    And 3 clients wait for model-hub
    Then every request was answered, 3 in total
    And every answer is a full chat completion of the requested model
    And model-hub was downloaded once
    And model-hub is in the catalogue of one hive, ready

  @FULL-007 @P1
  Scenario: A download that breaks off goes on where it stopped
    Given model-hub is offered by the hub, and on no hive
    When a bandwidth limit of the model hub is injected into hub
    And the hub is to break its next download off
    And a client sends a chat for model-hub
    Then every request was answered, 1 in total
    And model-hub was downloaded in 2 parts, none of which began anew
    And model-hub is served from the very file that the hub offers

  @FULL-007 @P1 @requires.kill @requires.restart
  Scenario: A hive that is killed in the middle of a download goes on where it stopped
    Given model-large is offered by the hub, and on no hive
    When a bandwidth limit of the model hub is injected into hub
    And hive-1 is asked for model-large
    And hive-1 has downloaded a part of model-large
    And hive-1 is killed
    And hive-1 is started again
    And a bandwidth limit of the model hub is removed from hub
    Then the gateway offers model-large within the download time
    When a client sends a chat for model-large
    Then every request was answered, 1 in total
    And model-large was downloaded in 2 parts, none of which began anew
    And model-large is served from the very file that the hub offers

  @FULL-007 @P1
  Scenario: A file that does not agree with its checksum is thrown away and fetched again
    Given model-hub is offered by the hub, and on no hive
    And the hub will corrupt its next download
    When a client sends a chat for model-hub
    Then every request was answered, 1 in total
    And the hub did send wrong bytes of model-hub
    And model-hub is served from the very file that the hub offers

  @FULL-007 @P1
  Scenario: Wrong bytes are never served, however often they come
    Given model-hub is offered by the hub, and on no hive
    When corruption of model downloads is injected into hub
    And a client sends a chat for model-hub
    Then every request was refused with status 503 and code model_unavailable, with a Retry-After header
    And the hub did send wrong bytes of model-hub
    And model-hub is shown as failed with code model_unavailable, and nothing of it is left on a disk

  @FULL-007 @P1
  Scenario: While the hub is down clients are told when to come back, and later they are served
    Given model-hub is offered by the hub, and on no hive
    When an outage of the model hub is injected into hub
    And a client sends a chat for model-hub
    Then every request was refused with status 503 and code model_hub_unavailable, with a Retry-After header
    When an outage of the model hub is removed from hub
    And a client sends chats for model-hub until one is answered
    Then model-hub was downloaded once

  @chaos @FULL-007 @RE-001 @P2 @requires.exec
  Scenario: A disk without room for a model: the client is told so, nothing half-written stays, and with room it works
    Given steady load of 20 requests per second on model-a
    And model-large is offered by the hub, and on no hive
    When a file write limit of 1 MiB is injected into hive-1
    And a file write limit of 1 MiB is injected into hive-2
    And a client sends a chat for model-large
    Then every request was refused with status 507 and code insufficient_storage
    And model-large is shown as failed with code insufficient_storage, and nothing of it is left on a disk
    When a file write limit of 1 MiB is removed from hive-1
    And a file write limit of 1 MiB is removed from hive-2
    And a client sends chats for model-large until one is answered
    Then model-large is served from the very file that the hub offers
    When the load ends
    Then all of the load was answered

  @chaos @FULL-007 @RE-001 @P2 @requires.disk @topology.small_disk
  Scenario: A disk that fills up in the middle of a download: the client is told so, nothing half-written stays, and with room it works
    Given steady load of 20 requests per second on model-a
    And model-large is offered by the hub, and on no hive
    When a bandwidth limit of the model hub is injected into hub
    And 1 clients wait for model-large
    And hive-1 has downloaded a part of model-large
    And a full disk is injected into hive-1
    Then every request was refused with status 507 and code insufficient_storage
    And model-large is shown as failed with code insufficient_storage, and nothing of it is left on a disk
    When a bandwidth limit of the model hub is removed from hub
    And a full disk is removed from hive-1
    And a client sends chats for model-large until one is answered
    Then model-large is served from the very file that the hub offers
    When the load ends
    Then all of the load was answered
