@integration @topology.model_provisioning @fresh_stack
Feature: A hive downloads a model when a client requests it

  @FULL-007 @P1
  Scenario: A request for an absent model downloads it, adds it to the catalogue and gets an answer
    Given the hub offers model-hub, and no hive has it
    When a client sends a chat for model-hub
    And a client streams 5 tokens from model-hub
    Then every request was answered, 2 in total
    And every answer is a full chat completion of the requested model
    And every stream is whole
    And model-hub was downloaded in one part
    And model-hub is ready in the catalogue of one hive
    And model-hub is served from the file that the hub offers
    And the gateway offers model-hub within the convergence time

  @FULL-007 @P1
  Scenario: A hive reports the progress of a download while its client waits
    Given the hub offers model-large, and no hive has it
    When a bandwidth limit of the model hub is injected into hub
    And a client waits for model-large
    Then the download of model-large progresses within the download time
    When a bandwidth limit of the model hub is removed from hub
    Then every request was answered, 1 in total

  @FULL-007 @P1
  Scenario: The gateway answers 404 for a model that no hub offers
    Given the hub offers model-hub, and no hive has it
    When a client sends a chat for model-nowhere
    Then every request was refused with status 404 and code model_not_found

  @INT-011 @P1
  Scenario: Three requests for the same absent model share one download
    Given the hub offers model-hub, and no hive has it
    When a bandwidth limit of the model hub is injected into hub
    And 3 clients wait for model-hub, and a further one disconnects
    Then every request was answered, 3 in total
    And every answer is a full chat completion of the requested model
    And model-hub was downloaded in one part
    And model-hub is ready in the catalogue of one hive

  @INT-011 @P1
  Scenario: The gateway limits the number of requests that wait for a model
    Given the hub offers model-hub, and no hive has it
    When a bandwidth limit of the model hub is injected into hub
    And 3 clients wait for model-hub, and a further one disconnects
    And clients send a batch of 3 concurrent chats for model-hub
    Then the gateway answered 1 of the batch and refused the others with status 503 and code model_loading
    And every request was answered, 3 in total

  # The file takes 8 seconds at the limited bandwidth, and a request waits for 1.2 seconds.
  @FULL-007 @P1 @topology.short_model_wait
  Scenario: The gateway refuses requests for a model that loads for longer than they may wait
    Given the hub offers model-large, and no hive has it
    And a bandwidth limit of the model hub is injected into hub
    When clients send a batch of 3 concurrent chats for model-large
    And a bandwidth limit of the model hub is removed from hub
    Then every request of the batch was refused with status 503 and code model_loading, before any upstream request
    And a chat for model-late is answered within the download time
    And a chat for model-large is answered within the download time
    And model-large was downloaded in one part

  @FULL-007 @P1
  Scenario: A hive resumes an interrupted download
    Given the hub offers model-hub, and no hive has it
    When a bandwidth limit of the model hub is injected into hub
    And the hub cuts its next download
    And a client sends a chat for model-hub
    Then every request was answered, 1 in total
    And model-hub was downloaded in 2 parts
    And model-hub is served from the file that the hub offers

  @FULL-007 @P1 @requires.kill @requires.restart
  Scenario: A killed hive resumes its download after the restart
    Given the hub offers model-large, and no hive has it
    When a bandwidth limit of the model hub is injected into hub
    And hive-1 is asked to download model-large
    And hive-1 has downloaded a part of model-large
    And hive-1 is killed
    And hive-1 is started again
    And a bandwidth limit of the model hub is removed from hub
    And the gateway offers model-large within the download time
    And a client sends a chat for model-large
    Then every request was answered, 1 in total
    And model-large was downloaded in 2 parts
    And model-large is served from the file that the hub offers

  @FULL-007 @P1
  Scenario: A hive discards a file with a wrong checksum and downloads it again
    Given the hub offers model-hub, and no hive has it
    And the hub corrupts its next download
    When a client sends a chat for model-hub
    Then every request was answered, 1 in total
    And the hub has corrupted a download of model-hub
    And model-hub is served from the file that the hub offers

  @FULL-007 @P1
  Scenario: A hive never serves a corrupted model
    Given the hub offers model-hub, and no hive has it
    When corruption of model downloads is injected into hub
    And a client sends a chat for model-hub
    Then every request was refused with status 503 and code model_unavailable, with a Retry-After header
    And the hub has corrupted a download of model-hub
    And the download of model-hub failed with code model_unavailable and left no file

  @FULL-007 @P1
  Scenario: A hive downloads the replacement of a file that it could not use
    Given the hub offers model-hub, and no hive has it
    When corruption of model downloads is injected into hub
    And a client sends a chat for model-hub
    And a replacement of the model files is injected into hub
    And corruption of model downloads is removed from hub
    Then a chat for model-hub is answered within the download time
    And model-hub is served from the file that the hub offers

  @FULL-007 @P1
  Scenario: The gateway refuses requests during a hub outage
    Given the hub offers model-hub, and no hive has it
    When an outage of the model hub is injected into hub
    And clients send 3 sequential chats for model-hub
    Then every request was refused with status 503 and code model_hub_unavailable, with a Retry-After header

  @FULL-007 @P1
  Scenario: The gateway serves an absent model after a hub outage
    Given the hub offers model-hub, and no hive has it
    When an outage of the model hub is injected into hub
    And a client sends a chat for model-hub
    And an outage of the model hub is removed from hub
    Then a chat for model-hub is answered within the download time
    And model-hub was downloaded in one part

  @chaos @FULL-007 @RE-001 @P2 @requires.exec
  Scenario: A hive without disk space refuses a model, leaves no partial file and recovers
    Given steady load of 20 requests per second on model-a
    And the hub offers model-large, and no hive has it
    When a file write limit of 1 MiB is injected into hive-1
    And a file write limit of 1 MiB is injected into hive-2
    And a client sends a chat for model-large
    Then every request was refused with status 507 and code insufficient_storage
    And the download of model-large failed with code insufficient_storage and left no file
    When a file write limit of 1 MiB is removed from hive-1
    And a file write limit of 1 MiB is removed from hive-2
    Then a chat for model-large is answered within the download time
    And model-large is served from the file that the hub offers
    And every load request was answered

  @chaos @FULL-007 @RE-001 @P2 @requires.disk @topology.small_disk
  Scenario: A disk that fills up during a download fails it cleanly, and the hive recovers
    Given steady load of 20 requests per second on model-a
    And the hub offers model-large, and no hive has it
    When a bandwidth limit of the model hub is injected into hub
    And a client waits for model-large
    And hive-1 has downloaded a part of model-large
    And a full disk is injected into hive-1
    Then every request was refused with status 507 and code insufficient_storage
    And the download of model-large failed with code insufficient_storage and left no file
    When a bandwidth limit of the model hub is removed from hub
    And a full disk is removed from hive-1
    Then a chat for model-large is answered within the download time
    And model-large is served from the file that the hub offers
    And every load request was answered
