"""The shapes of the wire, named as in the contract. Requests refuse fields that nobody knows; answers may have more."""
