@integration @topology.default
Feature: The gateway accepts authorized clients only, and forwards their identity

  @FULL-002 @P0
  Scenario Outline: The gateway rejects a client without permission before any worker receives the request
    When a client with <credential> sends a chat for model-a
    Then every request was refused with status <status> and code <code>
    And the workers received no request

    Examples:
      | credential                                          | status | code              |
      | no key                                              | 401    | invalid_api_key   |
      | a wrong key                                         | 401    | invalid_api_key   |
      | a valid key in upper case                           | 401    | invalid_api_key   |
      | a valid key and one more character                  | 401    | invalid_api_key   |
      | a valid key without its last character              | 401    | invalid_api_key   |
      | an expired token                                    | 401    | invalid_api_key   |
      | a token that has expired since its last use         | 401    | invalid_api_key   |
      | a forged token                                      | 401    | invalid_api_key   |
      | a token of an earlier client with another signature | 401    | invalid_api_key   |
      | a key for other models                              | 403    | model_not_allowed |
      | a token for other models                            | 403    | model_not_allowed |
      | a token for no model                                | 403    | model_not_allowed |

  @FULL-002 @P0
  Scenario Outline: A token's claims and one request id reach every tier
    When a client with <credential> sends a chat for model-a
    Then every answer is a full chat completion of the requested model
    And every request can be traced through the logs of every tier
    And the worker and its hive received subject ada and <tenant>

    Examples:
      | credential                          | tenant         |
      | a token of ada from engines         | tenant engines |
      | a token of ada without a tenant     | no tenant      |
      | a token of ada for another audience | tenant engines |

  @SEC-003 @P1
  Scenario: No node listens outside the stack's network, or on an undeclared port
    Then every listening socket is on the private network of the stack
    And every listening socket belongs to a declared port

  @SEC-004 @P2 @requires.sandbox
  Scenario: Every container has only the permissions that its service needs
    Then every service runs as an unprivileged user without capabilities
    And every service runs with a read-only root and limits on memory and processes

  @SEC-003 @P1
  Scenario: Services refuse every call without the cluster token
    When a client without the cluster token calls every route of every service
    Then every such call is refused for lack of valid credentials

  @SEC-003 @P1 @topology.model_provisioning
  Scenario: Services with a model catalogue refuse every call without the cluster token
    When a client without the cluster token calls every route of every service
    Then every such call is refused for lack of valid credentials
