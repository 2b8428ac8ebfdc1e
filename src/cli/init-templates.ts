/** callwarden.yaml as `init` writes it: valid as soon as SIPPY_PASSWORD is set. */
export const CONFIG_TEMPLATE = `# Callwarden: which switches to watch, and how far it may go.
# Check with: callwarden doctor -c callwarden.yaml
# Relative paths are relative to this file. \${NAME} inside a text is taken from the environment ($\${ for a plain \${).
# Durations have a unit: 500ms, 10s, 5m, 1h, 7d. A commented key shows its default, or an example where it says so.

switches:
  - name: main                              # as --switch, logs and the audit log name it
    url: https://192.0.2.10/xmlapi/xmlapi   # the XML-RPC API of your switch
    username: ops
    password: \${SIPPY_PASSWORD}
    # passwordFile: /run/secrets/sippy      # (example) instead of password
    # trusted: { customer: 1 }              # (example) instead of a login, where the switch trusts our address
    # caFile: ./switch-ca.pem               # (example) the CA of a private certificate; it is always verified
    # timeout: 10s                          # one request
    # deadline: 30s                         # one pass
    # concurrency: 4                        # requests in flight at once, 1 to 32
    # schedule: "*/5 * * * * *"             # when to look: node-cron, seconds first
    # numbers:                              # (example) how this switch writes numbers
    #   country: DE                         #   numbers with a trunk prefix (030…) are national ones of it
    #   bare: international                 #   what digits without +, 00 and 0 are; else national ones where only that is valid
    #   techPrefixes: ["0011#"]             #   route a call and are no part of the number
    # protect:                              # (example) never disconnected on this switch, whatever a rule says
    #   accounts: [7]
    # customerTree: { 3: 2 }                # (example) child: parent

# Read when the service starts: restart it after a change. To stop acting at once: callwarden pause
mode: monitor                               # records what it would cut and cuts nothing; enforce acts

# rules: ./rules
# database: ./callwarden.db

# protect:                                  # never disconnected on any switch
#   numbers: []                             # CLI or CLD; emergency numbers and helplines always are
#   accounts: []                            # with several switches these belong under their switch
#   customers: []

# caps:                                     # in calls, per switch; what exceeds them is withheld and reported
#   perPass: 50
#   perHour: 500
#   sharePerPass: 0.25                      # a rule that would take 20 calls or more and over this share takes none

# maxSnapshotAge: 5s                        # a call last seen longer ago is listed again before it is cut
# retention: { ledger: 7d, audit: forever }

# checkpoints:                              # signed heads of the audit log: copy the file to where nobody here can write
#   file: ./callwarden.db.checkpoints.jsonl
#   key: ./callwarden.db.key                # made on first need; keep a copy of callwarden.db.key.pub elsewhere too
#   every: 1h
# privacy: mask                             # (example) no full telephone number in output, logs and exports
`;

/** rules/limits.csv as \`init\` writes it where none is shipped. */
export const LIMITS_TEMPLATE = `scope,id,name,value
`;
