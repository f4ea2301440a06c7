"""All SQL of notifier: `facts` is what was heard, `ledger` messages and their contacts, `reading` what is shown of them."""
