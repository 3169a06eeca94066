"""How a shot list is read: documents and sheets become cells, cells become values, levels become whole shots."""
