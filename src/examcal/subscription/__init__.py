"""Who asked for e-mail: subscribers, tokens, consent."""
