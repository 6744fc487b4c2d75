"""Who runs the delivery loop: this process, or workers on any number of machines; and who may lead."""
