#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

struct File {
  std::string id;
  std::string name;
  std::string sha256;
  std::string bytes;
};

/// Files in memory, as many of the newest as there is room for. What is being sent stays alive until
/// it is sent.
class Store {
 public:
  explicit Store(std::size_t room) : room_(room) {}

  /// Gives the file its id.
  std::shared_ptr<const File> add(File file);
  /// Null if there is none.
  std::shared_ptr<const File> find(const std::string& id) const;
  const std::deque<std::shared_ptr<const File>>& files() const { return files_; }

 private:
  std::deque<std::shared_ptr<const File>> files_;
  std::size_t room_;
  std::size_t used_ = 0;
  std::size_t lastId_ = 0;
};
